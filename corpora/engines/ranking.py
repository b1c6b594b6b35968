"""What all engines share: the text they index, the words they look up, and one way to order, mask and remember."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from berrypick.corpora.engines.base import Mask
from berrypick.records import Document, Hit
from berrypick.text import tokens

#: An agent may write a page as its query: of its distinct words only the first ones count.
MAX_QUERY_TERMS: Final = 64

#: ``fetch(limit)`` -> at most ``limit`` (raw score, position) pairs with the best raw scores, in any order.
Fetch: TypeAlias = Callable[[int], list[tuple[float, int]]]

_SLACK: Final = 4
_GROWTH: Final = 4
_REMEMBERED_QUERIES: Final = 1024
_REMEMBERED_HITS: Final = 256
_REMEMBERED_LETTERS: Final = 1000


def indexed_text(document: Document) -> str:
    """The text that an engine sees: title and sentences in one field."""
    return f"{document.title}\n{document.text}"


def query_terms(query: str) -> list[str]:
    """The distinct words of a query, at most ``MAX_QUERY_TERMS``, sorted, since a query is a bag."""
    return sorted(list(dict.fromkeys(tokens(query)))[:MAX_QUERY_TERMS])


def check_request(k: int, exclude: Mask | None, documents: int) -> None:
    """Raise ValueError where a request breaks the engine protocol."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if exclude is not None and (exclude.shape != (documents,) or exclude.dtype != bool):
        raise ValueError(f"exclude must be bool of shape ({documents},), got {exclude.dtype} of shape {exclude.shape}")


class _Prefix(NamedTuple):
    """The head of a ranking, whole groups of equal scores only."""

    hits: list[Hit]
    complete: bool
    limit: int


_NOTHING_YET: Final = _Prefix([], False, 0)


class _Cell:
    """A slot that the cache hands out; its prefix is replaced whole, so threads never see half of one."""

    __slots__ = ("prefix",)

    def __init__(self) -> None:
        self.prefix = _NOTHING_YET


class Rankings:
    """Rankings by query, fetched only as deep as was asked for, least recently used forgotten.

    Args:
        documents: number of documents in the corpus.
    """

    def __init__(self, documents: int) -> None:
        self._documents = documents
        self._cell = lru_cache(maxsize=_REMEMBERED_QUERIES)(lambda query, variant: _Cell())

    def top(
        self, query: str, k: int, fetch: Fetch, exclude: Mask | None = None, variant: bytes | None = None
    ) -> list[Hit]:
        """Return the best ``k`` hits of a ranking that are not excluded.

        Args:
            query: the query.
            k: at least 1.
            fetch: a function of query and variant; called with growing limits until ``k`` hits survive or no more come.
            exclude: documents to leave out of what was fetched. Shape (documents,).
            variant: names what else ``fetch`` depends on.
        """
        cell = self._cell(query if len(query) <= _REMEMBERED_LETTERS else _digest(query), variant)
        prefix = cell.prefix
        while True:
            kept = prefix.hits if exclude is None else [hit for hit in prefix.hits if not exclude[hit.index]]
            if len(kept) >= k or prefix.complete:
                break
            limit = min(max(k + _SLACK, _GROWTH * prefix.limit), self._documents)
            prefix = _fetch_prefix(fetch, limit, self._documents)
        cell.prefix = prefix if prefix.limit <= _REMEMBERED_HITS else _shortened(prefix)
        return kept[:k]


def _fetch_prefix(fetch: Fetch, limit: int, documents: int) -> _Prefix:
    """Order what was fetched; unless it is everything, its last group of equal scores may go on and is left out."""
    # In whole ten-thousandths, rounded half up: round() takes longer than all else here.
    fetched = sorted([(-int(score * 1e4 + 0.5), position) for score, position in fetch(limit)])
    last = fetched[-1][0] if fetched else 0
    complete = len(fetched) < limit or limit == documents or last >= 0
    cut = 0 if complete else last
    return _Prefix([Hit(position, -scaled / 1e4) for scaled, position in fetched if scaled < cut], complete, limit)


def _digest(query: str) -> bytes:
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()


def _shortened(prefix: _Prefix) -> _Prefix:
    if len(prefix.hits) <= _REMEMBERED_HITS:
        return prefix
    return _Prefix(prefix.hits[:_REMEMBERED_HITS], False, _REMEMBERED_HITS)
