"""Strict reading: whatever the bytes are, a value or one ``Rejected``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import seeding
from berrypick.leaderboard import entries, untrusted
from berrypick.leaderboard.recorded import _DECODER as LINE_DECODER
from berrypick.leaderboard.untrusted import Rejected

ANY = msgspec.json.Decoder()
PATH = Path("x.json")
texts = st.text(st.characters(codec="utf-8"), max_size=9)
numbers = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(texts, inside, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_what_is_fit_is_read_as_it_stands(value: object):
    assert untrusted.strict(json.dumps(value).encode(), ANY, PATH) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_rejected(data: bytes):
    for decode in (lambda: untrusted.strict(data, LINE_DECODER, PATH, 3), lambda: entries.decode(data, PATH)):
        with pytest.raises(Rejected, match=r"^x.json"):
            decode()


@given(st.text(max_size=900))
def test_what_a_message_repeats_is_short_and_printable(text: str):
    shown = untrusted.plain(text)
    assert shown.isprintable() and len(shown) <= 10 * (untrusted.SHOWN + 3)


def test_numbers_at_the_edge():
    assert untrusted.strict(b"[999999999999999999, -999999999999999999, 1e308]", ANY, PATH) == [
        10**18 - 1, 1 - 10**18, 1e308,
    ]  # fmt: skip
    for text in (b"1000000000000000000", b"-1000000000000000000", b"1e309", b"-1e309"):
        with pytest.raises(Rejected):
            untrusted.strict(text, ANY, PATH)


@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")])
def test_depth_at_the_edge(start: str, end: str):
    """64 levels are read and 65 are not; brackets in a text are none, whatever is escaped before them."""
    inside = json.dumps('[{"\\' * 99)
    for depth in (1, 64):
        text = start * depth + inside + end * depth
        assert untrusted.strict(text.encode(), ANY, PATH) == json.loads(text)
    with pytest.raises(Rejected, match="nested too deeply, more than 64 times"):
        untrusted.strict((start * 65 + inside + end * 65).encode(), ANY, PATH)


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 2**21, b'"a\\', b"]" * 2**20])
def test_depth_of_what_is_not_json(text: bytes):
    """A text without an end is read once: quadratic time would take days here."""
    with pytest.raises(Rejected, match=r"^x.json: not valid JSON"):
        untrusted.strict(text, ANY, PATH)


def test_duplicate_keys_of_a_large_object_are_found_in_one_pass():
    """Quadratic time would take minutes here."""
    pairs = ",".join(f'"{number}":0' for number in range(200_000))
    with pytest.raises(Rejected, match="the key '199999' stands twice"):
        untrusted.strict(f'{{{pairs},"199999":0}}'.encode(), ANY, PATH)


def test_limits_are_of_bytes_when_expanded(tmp_path: Path):
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress(b"aaa\nbb\nc"))
    assert list(untrusted.lines(path, 4, 8)) == [(1, b"aaa\n"), (2, b"bb\n"), (3, b"c")]
    with pytest.raises(Rejected, match="line 1: is longer than 3 bytes"):
        list(untrusted.lines(path, 3, 8))
    with pytest.raises(Rejected, match="line 3: the file holds more than 7 bytes"):
        list(untrusted.lines(path, 4, 7))


@pytest.mark.parametrize("more", [gzip.compress(b"b\n"), b"\0", b"\0" * 2**20], ids=["a member", "a zero", "zeros"])
def test_nothing_stands_behind_the_one_member(more: bytes, tmp_path: Path):
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress(b"a\n") + more)
    with pytest.raises(Rejected, match=r"line 2: not a whole gzip file \(something stands behind its end"):
        list(untrusted.lines(path, 9, 9))


@pytest.mark.parametrize("level", [0, 1, 9])
def test_lines_are_those_that_gzip_reads(level: int, tmp_path: Path):
    draw = seeding.rng(level, "test", 0)
    data = b"".join(draw.bytes(int(n)).hex().encode() + b"\n" for n in draw.integers(0, 40_000, 60)) + b"\n" * 9000
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress(data, level))
    assert b"".join(line for _, line in untrusted.lines(path, 2**20, 2**23)) == data


def test_a_file_with_a_hole_is_not_read_to_its_end(tmp_path: Path):
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.truncate(2**40)
    with pytest.raises(Rejected, match="huge: is larger than 1000 bytes"):
        untrusted.sha256(path, 1000)
