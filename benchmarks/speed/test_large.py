"""A million documents: opening the index, a query, and the memory of a process that does both. Builds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from berrypick import seeding
from berrypick.benchmarks.speed.measuring import BLOCKS, Measure
from berrypick.corpora import CORPORA, store
from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus
from berrypick.text import tokens

NAME = "almanac-large"
VARIABLE = "BERRYPICK_SPEED_LARGE"
SEARCHES, HITS = 100, 3

#: VmHWM is of this process alone; ``ru_maxrss`` begins with what the parent had when it forked.
CHILD = """
import sys
from pathlib import Path
from berrypick.corpora import store
from berrypick.corpora.engines import open_engine
engine = open_engine("bm25", store.read(Path(sys.argv[1])))
for query in sys.stdin.read().splitlines():
    engine.search([query], 3)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """The corpus folder that the variable names, else the registered corpus where it is built already."""
    folder = Path(os.environ[VARIABLE]) if VARIABLE in os.environ else _registered()
    if folder is None or not list(folder.glob("index/bm25-*")):
        where = folder or NAME
        pytest.skip(f"no built bm25 index of {where}: build {NAME}, or name a corpus folder that has one in {VARIABLE}")
    return store.read(folder)


def _registered() -> Path | None:
    return store.folder_of(NAME, CORPORA[NAME], "test", 0) if NAME in CORPORA else None


def _queries(corpus: Corpus, index: int) -> Iterator[str]:
    """Four words of a random page, no query twice but by chance."""
    draw = seeding.rng(3, "test", index)
    while True:
        document = corpus.documents[int(draw.integers(len(corpus.documents)))]
        words = sorted(set(tokens(f"{document.title} {document.text}")))
        yield " ".join(draw.permutation(words)[:4].tolist())


@pytest.mark.parametrize("block", range(BLOCKS))
def test_open(block: int, corpus: Corpus, measure: Measure) -> None:
    """The corpus is read already; the files are in the page cache."""
    measure("open", "bm25", block, lambda name: open_engine(name, corpus), repeat("bm25"), 3)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_search(block: int, corpus: Corpus, measure: Measure) -> None:
    """A single query."""
    engine = open_engine("bm25", corpus)
    measure("search", "bm25", block, lambda query: engine.search([query], HITS), _queries(corpus, block), SEARCHES)


def test_memory(corpus: Corpus, measure: Measure, benchmark: BenchmarkFixture) -> None:
    """Peak resident memory of a new process that reads the corpus, opens the engine and asks; time of all of it."""
    asked = "\n".join(islice(_queries(corpus, BLOCKS), SEARCHES))

    def run(folder: Path) -> str:
        command = [sys.executable, "-P", "-c", CHILD, str(folder)]
        return subprocess.run(command, input=asked, check=True, capture_output=True, text=True).stdout

    kilobytes = measure("process", "bm25", 0, run, [corpus.path], 1)
    benchmark.extra_info["gigabytes"] = int(kilobytes) * 1024 / 1e9
