"""Lazy rows and position maps against lists and dicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import io
from berrypick.corpora import lazy_jsonl
from berrypick.corpora.lazy_jsonl import PositionMap, Rows, digest, line_starts, sort_keys
from berrypick.errors import BadInput
from berrypick.records import Entity

NAMES = ["Ann Ash", "Bo", "É\u2028x", "Dee", ""]


def entities(folder: Path, names: list[str]) -> tuple[Rows[Entity], list[Entity]]:
    eager = [Entity(full=name) for name in names]
    path = folder / "entities.jsonl"
    io.write_bytes(path, io.jsonl(eager))
    return Rows(path, Entity, line_starts(path)), eager


def test_lazy_rows_are_the_eager_ones(tmp_path: Path) -> None:
    lazy, eager = entities(tmp_path, NAMES)
    assert len(lazy) == len(eager) == 5
    assert list(lazy) == eager and list(reversed(lazy)) == eager[::-1]
    assert [lazy[index] for index in range(-5, 5)] == [eager[index] for index in range(-5, 5)]
    for cut in (slice(None), slice(1, 3), slice(-2, None), slice(None, None, -2), slice(4, 1), slice(9, 12)):
        assert lazy[cut] == eager[cut]
    assert eager[2] in lazy and Entity(full="Zoe") not in lazy and lazy.index(eager[3]) == 3
    for index in (5, -6):
        with pytest.raises(IndexError, match=f"row {index} of 5"):
            lazy[index]


def test_rows_in_use_are_decoded_once(tmp_path: Path) -> None:
    lazy, _ = entities(tmp_path, NAMES)
    assert lazy[1] is lazy[1] is lazy[-4]


@pytest.mark.parametrize("chunk", [1, 3, 2**24])
@pytest.mark.parametrize(
    ("data", "starts"),
    [(b"", [0]), (b"a\n", [0, 2]), (b"a\nbc\n", [0, 2, 5]), (b"a\nbc", [0, 2, 4]), (b"\n\n", [0, 1, 2])],
)
def test_lines_start_where_the_one_before_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, starts: list[int], chunk: int
) -> None:
    monkeypatch.setattr(lazy_jsonl, "_CHUNK", chunk)
    (tmp_path / "x").write_bytes(data)
    assert line_starts(tmp_path / "x").tolist() == starts


def test_a_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "entities.jsonl"
    path.write_bytes(b'{"full":"Ann"}\n{"full":7}\n')
    lazy = Rows(path, Entity, line_starts(path))
    assert lazy[0].full == "Ann"
    with pytest.raises(BadInput, match="Expected `str`") as caught:
        lazy[1]
    assert (caught.value.file, caught.value.line, caught.value.field) == (path, 2, "full")


def position_map(keys: list[str]) -> PositionMap:
    return PositionMap(*sort_keys(np.array([digest(key) for key in keys], dtype=np.uint64)), lambda at: keys[at])


@given(st.lists(st.text(), unique=True), st.text())
def test_a_position_map_is_a_dict(keys: list[str], other: str) -> None:
    expected, found = {key: at for at, key in enumerate(keys)}, position_map(keys)
    assert found == expected and len(found) == len(expected) and list(found) == keys
    assert found.get(other) == expected.get(other) and (other in found) == (other in expected)
    if other not in expected:
        with pytest.raises(KeyError):
            found[other]


def test_keys_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_jsonl, "digest", lambda text: len(text))
    keys = ["ab", "c", "de", "fgh", "ij"]
    found = PositionMap(*sort_keys(np.array([len(key) for key in keys], dtype=np.uint64)), lambda at: keys[at])
    assert [found[key] for key in keys] == [0, 1, 2, 3, 4]
    assert "xy" not in found and "wxyz" not in found
