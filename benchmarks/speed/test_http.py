"""The ``bm25`` engine in process, and the same engine behind HTTP in the form of Search-R1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from berrypick.benchmarks.speed import retriever
from berrypick.benchmarks.speed.measuring import Measure, turns
from berrypick.benchmarks.speed.retriever import Retriever
from berrypick.benchmarks.speed.texts import queries
from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus

SIZE, HITS, ROUNDS = 10_000, 3, 40


@pytest.fixture(scope="module")
def ways(corpus_of: Callable[..., Corpus]) -> Iterator[dict[str, Callable[[list[str]], Any]]]:
    """Both ways, the server in a process of its own."""
    corpus = corpus_of(SIZE)
    here = Retriever(corpus, open_engine("bm25", corpus))
    command = [sys.executable, "-P", "-m", retriever.__name__, str(corpus.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}{retriever.PATH}"
            yield {
                "in process": lambda asked: here.retrieve(asked, HITS, True),
                "HTTP": lambda asked: retriever.client(url, asked, HITS),
            }
        finally:
            server.terminate()


@pytest.mark.parametrize(("block", "way"), turns("in process", "HTTP"))
@pytest.mark.parametrize("batch", [1, 64])
def test_retrieve(batch: int, block: int, way: str, ways: Any, measure: Measure) -> None:
    """Both ways get the same queries and give the same documents."""
    drawn = queries(300 + block)
    asked = (list(islice(drawn, batch)) for _ in range(ROUNDS))
    measure(str(batch), way, block, ways[way], asked, ROUNDS)


def test_both_ways_give_the_same(ways: Any) -> None:
    """Else the comparison would be of different things."""
    asked = list(islice(queries(399), 5))
    assert ways["HTTP"](asked) == ways["in process"](asked)
