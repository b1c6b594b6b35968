"""One query to the ``bm25`` engine, to bare tantivy, to bm25s and to rank-bm25."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice

import pytest

from berrypick.benchmarks.speed.measuring import Measure, turns
from berrypick.benchmarks.speed.peers import WAYS, Search
from berrypick.benchmarks.speed.texts import queries
from berrypick.corpora.store import Corpus

#: Queries a block; rank-bm25 takes a thousand times as long as the others.
ROUNDS = {name: 10 if name == "rank-bm25" else 300 for name in WAYS}
HITS = 3


@pytest.fixture(scope="module")
def opened(corpus_of: Callable[..., Corpus]) -> Callable[[str, int], Search]:
    """Ways over a corpus of a size, opened once."""
    return cache(lambda way, size: WAYS[way](corpus_of(size), HITS))


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
@pytest.mark.parametrize("common", [True, False], ids=["common", "rare"])
@pytest.mark.parametrize("size", [10_000, 100_000])
def test_query(
    size: int, common: bool, block: int, way: str, measure: Measure, opened: Callable[[str, int], Search]
) -> None:
    """All ways answer the same queries."""
    opened("bm25", size)
    search = opened(way, size)
    asked = islice(queries(block, common=common), ROUNDS[way])
    measure(f"{size}/{'common' if common else 'rare'}", way, block, search, asked, ROUNDS[way])
