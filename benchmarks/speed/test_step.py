"""What a search step of SearchEnv takes above the engine's call, over pages shown before and pages never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import pytest

from berrypick.benchmarks.speed.measuring import BLOCKS, Measure, turns
from berrypick.benchmarks.speed.peers import Search, ours
from berrypick.benchmarks.speed.texts import queries
from berrypick.corpora.store import Corpus
from berrypick.envs.search import SearchEnv

SIZE, HITS, ROUNDS = 10_000, 3, 200
#: Times a step in an environment, or the same search by an engine of its own, which has not been asked before.
WAYS = ("SearchEnv.step", "bm25")


class Bench(NamedTuple):
    """An environment, an engine beside it, and queries none of which lists what another one lists."""

    env: SearchEnv
    search: Search
    queries: list[str]


@pytest.fixture(scope="module")
def desk(corpus_of: Callable[..., Corpus]) -> Bench:
    """Opened and warm, over text of its own: what other benches showed, this process remembers."""
    corpus = corpus_of(SIZE, 1)
    env = SearchEnv(corpus=str(corpus.path), split=None, engines=("bm25",), topk=HITS)
    env.reset(seed=0)
    drawn = queries(100)
    env.step(f"<search>{next(drawn)}</search>")  # loads the word weights
    shown = set(env.trace.turns[0].docs)
    return Bench(env, ours(corpus, HITS), list(islice(_apart(drawn, ours(corpus, HITS), shown), BLOCKS * ROUNDS)))


def _apart(drawn: Iterator[str], search: Search, shown: set[int]) -> Iterator[str]:
    for query in drawn:
        hits = {hit.index for hit in search(query)[0]}
        if len(hits) == HITS and hits.isdisjoint(shown):
            shown |= hits
            yield query


def _actions(env: SearchEnv, asked: list[str]) -> Iterator[str]:
    """Write queries as actions, beginning an episode wherever no search is left."""
    for query in asked:
        if env.simulation.over or not env.simulation.info()["budget_left"]["searches"]:
            env.reset()
        yield f"<search>{query}</search>"


def _measure(desk: Bench, case: str, block: int, way: str, asked: list[str], measure: Measure) -> None:
    if way == "bm25":
        measure(case, way, block, desk.search, asked, ROUNDS)
    else:
        measure(case, way, block, desk.env.step, _actions(desk.env, asked), ROUNDS)


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
def test_step_new(block: int, way: str, desk: Bench, measure: Measure) -> None:
    """Every search lists pages that were never shown: their sentences are read for the first time."""
    _measure(desk, "new", block, way, desk.queries[block * ROUNDS :][:ROUNDS], measure)


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
def test_step_seen(block: int, way: str, desk: Bench, measure: Measure) -> None:
    """The same words backwards: a query never asked, whose pages ``test_step_new`` has shown."""
    backwards = [" ".join(reversed(query.split())) for query in desk.queries[block * ROUNDS :][:ROUNDS]]
    _measure(desk, "seen", block, way, backwards, measure)
