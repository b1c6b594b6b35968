"""Untrusted rows: decoded strictly in type, tolerant of keys that berrypick does not use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from berrypick import files
from berrypick.errors import BadInput

Row = TypeVar("Row")


def need(path: Path, what: str) -> Path:
    """Return ``path`` where it is a file, else raise BadInput saying what should lie there."""
    if not path.is_file():
        raise BadInput(f"no such file; expected {what}", file=path)
    return path


def lines(path: Path, kind: type[Row]) -> Iterator[tuple[int, Row]]:
    """Yield (1-based line number, row) of a JSON lines file; blank lines are skipped.

    Raises:
        BadInput: a row is not JSON or does not fit ``kind``; file, line and field are named. Or there is no row.
    """
    decoder = msgspec.json.Decoder(kind)
    empty = True
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                empty = False
                yield number, files.decode(line, decoder, path, number)
    if empty:
        raise BadInput("holds no row", file=path)


def listed(path: Path, kind: type[Row]) -> list[Row]:
    """Decode one JSON list of rows.

    Raises:
        BadInput: not JSON, not a list, or a row does not fit ``kind``; the field is "[row].name", rows counted from 0.
    """
    rows: list[Row] = files.decode(path.read_bytes(), msgspec.json.Decoder(list[kind]), path)  # type: ignore[valid-type]
    if not rows:
        raise BadInput("holds no row", file=path)
    return rows
