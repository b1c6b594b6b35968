"""The documents of a large corpus, and what has to be known of all of them, in memory-mapped arrays beside it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from berrypick import io
from berrypick.corpora.lazy_jsonl import PositionMap, Rows, digest, line_starts, sort_keys
from berrypick.records import Document

VERSION: Final = 1
_GENRES: Final = "genres.json"

#: Genre to its number, and the number of each document's genre. Shape (documents,).
Genres = tuple[dict[str, int], npt.NDArray[np.uint16]]


class Documents(Rows[Document]):
    """Documents decoded as they are asked for.

    Args:
        path: ``documents.jsonl``.
        folder: what ``index_documents`` wrote for it.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path, Document, _load(folder, "starts"))
        self._folder = folder

    @cached_property
    def position(self) -> PositionMap:
        """Document id to its position."""
        return self._positions("ids", lambda document: document.id)

    @cached_property
    def position_of_title(self) -> PositionMap:
        """Title, case-folded, to the document's position."""
        return self._positions("titles", lambda document: document.title.casefold())

    @cached_property
    def genres(self) -> Genres:
        """See ``Genres``."""
        numbers = msgspec.json.decode((self._folder / _GENRES).read_bytes(), type=dict[str, int])
        return numbers, _load(self._folder, "genres")

    def _positions(self, name: str, key: Callable[[Document], str]) -> PositionMap:
        hashes, positions = (_load(self._folder, f"{name}.{part}") for part in ("hashes", "positions"))
        return PositionMap(hashes, positions, lambda position: key(self[position]))


def index_documents(path: Path, folder: Path) -> None:
    """Read ``documents.jsonl`` once and write what ``Documents`` needs into an empty folder."""
    starts = line_starts(path)
    ids, titles = array("Q"), array("Q")

    def noted() -> Iterable[Document]:
        for document in Rows(path, Document, starts):
            ids.append(digest(document.id))
            titles.append(digest(document.title.casefold()))
            yield document

    numbers, genres = number_genres(noted())
    io.write_bytes(folder / _GENRES, msgspec.json.encode(numbers))
    np.save(folder / "genres.npy", genres)
    np.save(folder / "starts.npy", starts)
    for name, keys in (("ids", ids), ("titles", titles)):
        hashes, positions = sort_keys(np.frombuffer(keys, dtype=np.uint64))
        np.save(folder / f"{name}.hashes.npy", hashes)
        np.save(folder / f"{name}.positions.npy", positions)


def number_genres(documents: Iterable[Document]) -> Genres:
    """Number the genres in order of first mention, and say which one each document has."""
    numbers: dict[str, int] = {}
    found = array("H", (numbers.setdefault(document.genre, len(numbers)) for document in documents))
    return numbers, np.frombuffer(found, dtype=np.uint16)


def _load(folder: Path, name: str) -> npt.NDArray[Any]:
    # A plain view: what is done to a memory-mapped array itself takes twice the time.
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
