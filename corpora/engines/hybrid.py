"""Reciprocal-rank fusion of bm25 and dense (Cormack, Clarke & Buettcher 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from berrypick.corpora.engines.base import Engine, Mask
from berrypick.corpora.engines.bm25 import open_bm25
from berrypick.corpora.engines.dense import open_dense
from berrypick.corpora.engines.ranking import Rankings, check_request
from berrypick.corpora.store import Corpus
from berrypick.records import Hit

RRF_K: Final = 60
#: Depth of the fused lists. Fixed: with a depth that follows k, ranks would follow k.
DEPTH: Final = 200


def fuse(rankings: Sequence[Sequence[int]], k: int = RRF_K) -> dict[int, float]:
    """Return each item's sum over the rankings of 1 / (k + rank), ranks from 1, absent items adding nothing."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (k + rank)
    return scores


def open_hybrid(corpus: Corpus, encoder: str = "lsa") -> Hybrid:
    """Open bm25 and dense over a corpus, building their indexes on first use; see ``open_dense`` for errors."""
    return Hybrid([open_bm25(corpus), open_dense(corpus, encoder)], len(corpus.documents))


class Hybrid:
    """Fuses the first ``DEPTH`` hits of each engine. Scores are scaled so that first in one list is 1.

    Exclusion happens after fusion: fusing masked lists would move the ranks of the rest.

    Args:
        engines: what is fused.
        documents: number of documents in the corpus.
    """

    name = "hybrid"

    def __init__(self, engines: Sequence[Engine], documents: int) -> None:
        self._engines = engines
        self._documents = documents
        self._rankings = Rankings(documents)

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank the corpus for each query; see ``Engine.search``."""
        check_request(k, exclude, self._documents)
        return [self._rankings.top(query, k, partial(self._fetch, query), exclude) for query in queries]

    def _fetch(self, query: str, limit: int) -> list[tuple[float, int]]:
        rankings = [[hit.index for hit in engine.search([query], DEPTH)[0]] for engine in self._engines]
        scaled = [(score * (RRF_K + 1), position) for position, score in fuse(rankings).items()]
        return sorted(scaled, key=lambda pair: (-pair[0], pair[1]))[:limit]
