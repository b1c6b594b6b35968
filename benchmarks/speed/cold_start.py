"""How long the first query of a new process takes, and what the bm25 engine adds to bare tantivy.

Run from anywhere: ``python benchmarks/speed/cold_start.py --help``. Times are medians, on one thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tyro
from rich.console import Console
from rich.table import Table

from berrypick import seeding
from berrypick.corpora import store
from berrypick.corpora.engines import ENGINES, open_engine
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.store import Corpus, Draft
from berrypick.records import Document

WORDS = [f"w{number}" for number in range(10_000)]
ZIPF = 1 / np.arange(1, len(WORDS) + 1)
ZIPF /= ZIPF.sum()

CHILD = """
import json, sys, time
start = time.perf_counter()
import berrypick
from pathlib import Path
from berrypick import seeding
from berrypick.corpora import store
from berrypick.corpora.engines import open_engine
imported = time.perf_counter()
corpus = store.read(Path(sys.argv[1]))
read = time.perf_counter()
engine = open_engine(sys.argv[2], corpus)
opened = time.perf_counter()
engine.search(["w12 w345 w678"], 3)
done = time.perf_counter()
print(json.dumps([imported - start, read - imported, opened - read, done - opened, done - start]))
"""


@dataclass
class Options:
    """Cold start and single-query speed over synthetic corpora (Zipf words, about 60 a document)."""

    cold_documents: int = 2_000
    """documents of the corpus that the new processes open"""
    warm_documents: int = 10_000
    """documents of the corpus for single queries"""
    processes: int = 7
    """new processes for each engine"""
    queries: int = 2_000
    """distinct queries of 4 distinct words; rank_bm25 gets a twentieth of them"""
    k: int = 3
    """hits for each query"""


def sentence(draw: np.random.Generator) -> str:
    """4 to 20 Zipf-distributed words."""
    return " ".join(draw.choice(WORDS, size=draw.integers(4, 21), p=ZIPF))


def synthetic(folder: Path, count: int) -> Corpus:
    """Write a corpus of Zipf-distributed words and read it back.

    Lengths differ as in real text: documents of one length score alike in hundreds, and such groups are fetched whole.
    """
    draw = seeding.rng(0, "test", 0)
    documents = [
        Document(f"d{n:07}", f"Page {n}", tuple(sentence(draw) for _ in range(draw.integers(2, 9))))
        for n in range(count)
    ]
    folder.mkdir()
    draft = Draft(documents, [])
    store.write(folder, draft, name="synthetic", builder="speed", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


def cold_start(corpus: Corpus, engine: str, processes: int) -> list[float]:
    """Milliseconds of import, reading the corpus, opening the engine, first query and all of it, in a new process."""
    open_engine(engine, corpus)
    command = [sys.executable, "-P", "-c", CHILD, str(corpus.path), engine]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    runs = [
        json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        for _ in range(processes)
    ]
    return [1e3 * statistics.median(column) for column in zip(*runs, strict=True)]


def microseconds(ways: dict[str, Callable[[str], object]], queries: Sequence[str]) -> dict[str, float]:
    """Median microseconds of one call, by way of asking.

    All ways answer a query before the next one is asked, each way first in turn: on a busy machine one way after the
    other would be measured under different loads, and the first to ask finds the postings cold.
    """
    times: dict[str, list[int]] = {name: [] for name in ways}
    names = list(ways)
    for turn, query in enumerate(queries):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter_ns()
            ways[name](query)
            times[name].append(time.perf_counter_ns() - start)
    return {name: statistics.median(taken) / 1e3 for name, taken in times.items()}


def bare_tantivy(corpus: Corpus, k: int) -> Callable[[str], object]:
    """The same index with nothing around it: terms that need no tokeniser, scores and document numbers."""
    import tantivy

    (folder,) = (corpus.path / "index").glob("bm25-*")
    index = tantivy.Index.open(str(folder))
    schema, searcher = index.schema, index.searcher()

    def search(query: str) -> object:
        terms = [tantivy.Query.term_query(schema, "text", word, "freq") for word in query.split()]
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        return [(score, address.doc) for score, address in searcher.search(wanted, k, count=False).hits]

    return search


def distinct_queries(shares: npt.NDArray[np.float64] | None, count: int) -> list[str]:
    """Different queries of 4 distinct words (engines drop repeats), drawn by shares, or all words alike."""
    draw = seeding.rng(1, "test", 0)
    drawn = (" ".join(draw.choice(WORDS, size=4, replace=False, p=shares)) for _ in range(2 * count))
    return list(dict.fromkeys(drawn))[:count]


def single_queries(corpus: Corpus, queries: list[str], k: int) -> dict[str, tuple[float, float]]:
    """Median microseconds of one query by way of asking, and how many times that of the way it is held against."""
    mask: Mask = np.arange(len(corpus.documents)) % 3 == 0
    # One engine each, so that none finds what another one remembered.
    plain, masked, again, dense, slow = (
        open_engine(name, corpus) for name in ("bm25", "bm25", "bm25", "dense", "rank_bm25")
    )
    fast = microseconds(
        {
            "bare tantivy": bare_tantivy(corpus, k),
            "bm25": lambda query: plain.search([query], k),
            "bm25, a third excluded": lambda query: masked.search([query], k, mask),
            "dense": lambda query: dense.search([query], k),
        },
        queries,
    )
    fast |= microseconds({"bm25, remembered": lambda query: plain.search([query], k)}, queries[-500:])
    pair = microseconds(
        {"bm25": lambda query: again.search([query], k), "rank_bm25": lambda query: slow.search([query], k)},
        queries[: len(queries) // 20],
    )
    rows = {name: (value, value / fast["bare tantivy"]) for name, value in fast.items()}
    return rows | {"rank_bm25 (x bm25, in turn)": (pair["rank_bm25"], pair["rank_bm25"] / pair["bm25"])}


def main(options: Options) -> None:
    """Measure and print."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        cold = synthetic(Path(folder) / "cold", options.cold_documents)
        table = Table("engine", "import", "read corpus", "open engine", "first query", "all", title="cold start, ms")
        for name in ENGINES:
            table.add_row(name, *(f"{value:.1f}" for value in cold_start(cold, name, options.processes)))
        console.print(table)
        warm = synthetic(Path(folder) / "warm", options.warm_documents)
        for words, shares in (("common words, as in the text", ZIPF), ("rare words, all alike", None)):
            rows = single_queries(warm, distinct_queries(shares, options.queries), options.k)
            table = Table(words, "us", "x bare tantivy", title=f"{options.warm_documents} documents, k = {options.k}")
            for name, (value, ratio) in rows.items():
                table.add_row(name, f"{value:.1f}", f"{ratio:.2f}")
            console.print(table)


if __name__ == "__main__":
    main(tyro.cli(Options))
