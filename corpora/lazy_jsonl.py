"""Large JSON-lines files as sequences: rows are decoded when they are asked for, from a memory-mapped file."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Generic, TypeVar, overload

import msgspec
import numpy as np
import numpy.typing as npt

from berrypick import io

Row = TypeVar("Row")
#: Shape (n,).
Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_REMEMBERED_ROWS: Final = 16_384
_CHUNK: Final = 2**24


class Rows(Sequence[Row], Generic[Row]):
    """The rows of a file, read-only. Rows in use are kept decoded, the least recently used forgotten.

    Args:
        path: a file of JSON lines without blank ones.
        kind: type of a row.
        starts: offset of each row, and the file's size at the end, from ``line_starts``. Shape (rows + 1,).
    """

    def __init__(self, path: Path, kind: type[Row], starts: Positions) -> None:
        self._path, self._starts = path, starts
        self._decoder = msgspec.json.Decoder(kind)
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._kept = lru_cache(maxsize=_REMEMBERED_ROWS)(self._row)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        """Return one row, or a list of rows.

        Raises:
            IndexError: out of range.
            BadInput: the row does not fit its type; the message names file, line and field.
        """
        if isinstance(index, slice):
            return [self._row(position) for position in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return self._kept(position)

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, range(len(self)))

    def _row(self, position: int) -> Row:
        line = self._map[self._starts[position] : self._starts[position + 1]]
        return io.decode(line, self._decoder, self._path, position + 1)


def line_starts(path: Path) -> Positions:
    """Offsets of a file's lines, and its size at the end. Shape (lines + 1,)."""
    ends, offset = [np.zeros(1, dtype=np.int64)], 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            ends.append(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")) + (offset + 1))
            offset += len(chunk)
    starts = np.concatenate(ends)
    return starts if starts[-1] == offset else np.append(starts, offset)


def digest(text: str) -> int:
    """64 bits that stand for a text. Two texts that share them are one in 2**64: compare texts where it matters."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def sort_keys(hashes: Hashes) -> tuple[Hashes, Positions]:
    """The hashes in order, and the position that each had."""
    order = np.argsort(hashes, kind="stable")
    return hashes[order], order.astype(np.int64)


class PositionMap(Mapping[str, int]):
    """Text to position, from sorted hashes: 16 bytes a key, wherever the arrays lie; texts are asked of the owner.

    Args:
        hashes: ``digest`` of every key, in order.
        positions: the position of each.
        key_of: position -> the key itself.
    """

    def __init__(self, hashes: Hashes, positions: Positions, key_of: Callable[[int], str]) -> None:
        self._hashes, self._positions, self._key_of = hashes, positions, key_of

    def __getitem__(self, key: str) -> int:
        wanted = np.uint64(digest(key))
        for at in range(int(np.searchsorted(self._hashes, wanted)), len(self._hashes)):
            if self._hashes[at] != wanted:
                break
            position = int(self._positions[at])
            if self._key_of(position) == key:
                return position
        raise KeyError(key)

    def __len__(self) -> int:
        return len(self._hashes)

    def __iter__(self) -> Iterator[str]:
        return map(self._key_of, range(len(self)))
