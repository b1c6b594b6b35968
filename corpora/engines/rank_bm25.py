"""BM25 in pure Python (rank-bm25): slow, and simple enough to test the other against."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.ranking import Rankings, check_request, indexed_text, query_terms
from berrypick.corpora.store import Corpus
from berrypick.records import Hit
from berrypick.text import tokens


def open_rank_bm25(corpus: Corpus) -> RankBm25:
    """Index a corpus in memory; nothing is stored."""
    return RankBm25([tokens(indexed_text(document)) for document in corpus.documents])


class RankBm25:
    """Okapi BM25 with k1 = 1.2 and b = 0.75, as in ``bm25``; the two differ in their idf.

    Args:
        documents: the words of each document.
    """

    name = "rank_bm25"

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        from rank_bm25 import BM25Okapi

        self._documents = len(documents)
        # rank-bm25 divides by the mean length.
        self._okapi = BM25Okapi(documents, k1=1.2, b=0.75) if any(documents) else None
        self._rankings = Rankings(self._documents)

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank the corpus for each query; see ``Engine.search``."""
        check_request(k, exclude, self._documents)
        return [self._rankings.top(query, k, partial(self._fetch, query), exclude) for query in queries]

    def _fetch(self, query: str, limit: int) -> list[tuple[float, int]]:
        if self._okapi is None:
            return []
        scores = self._okapi.get_scores(query_terms(query))
        best = (-scores).argsort(kind="stable")[:limit]
        return [(float(scores[position]), int(position)) for position in best]
