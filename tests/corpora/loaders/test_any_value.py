"""Whatever stands in a field, a loader gives a corpus or says what is wrong; nothing else."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.corpora import store
from berrypick.corpora.loaders import LOADERS
from berrypick.errors import BadInput

FORMATS = Path(__file__).resolve().parents[2] / "data" / "formats"
SAMPLES = {format: next(path for path in FORMATS.iterdir() if path.stem == format) for format in LOADERS}
LEAVES = st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=8) | st.just("Osric Penn")
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
)


def rows_of(file: Path) -> list[Any]:
    text = file.read_text()
    return json.loads(text) if file.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


def write_rows(file: Path, rows: list[Any]) -> None:
    file.write_text(json.dumps(rows) if file.suffix == ".json" else "\n".join(map(json.dumps, rows)))


def spots(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in inner:
        yield (*at, name)
        yield from spots(child, (*at, name))


@pytest.mark.parametrize("format", LOADERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_anywhere(format: str, data: st.DataObject):
    sample = SAMPLES[format]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / sample.name
        (shutil.copytree if sample.is_dir() else shutil.copyfile)(sample, copy)
        files = sorted(copy.rglob("*.json*")) if copy.is_dir() else [copy]
        file = data.draw(st.sampled_from(files))
        rows = rows_of(file)
        *path, last = data.draw(st.sampled_from(list(spots(rows))))
        place = rows
        for name in path:
            place = place[name]
        place[last] = data.draw(VALUES)
        write_rows(file, rows)
        stored = Path(folder) / "stored"
        stored.mkdir()
        try:
            draft = LOADERS[format](copy)
            store.write(stored, draft, name="x", builder="x", version=1, parameters={}, seed=0, licence="x")
        except BadInput as error:
            assert error.file is not None
            assert list(stored.iterdir()) == []
        else:
            assert store.read(stored).documents
