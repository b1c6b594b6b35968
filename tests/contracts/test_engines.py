"""What every registered engine must do, whatever it computes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from berrypick.corpora import store
from berrypick.corpora.engines import ENGINES, Engine, open_engine
from berrypick.corpora.store import Corpus, Draft
from berrypick.records import Document, Hit

#: ``http`` needs a server: tests/corpora/engines/test_http.py.
NAMES = [name for name in ENGINES if name != "http"]
WORDS = [f"w{number}" for number in range(60)]
QUERIES = ["w3", "w1 w2 w3", "w50 w51", "copy", "page w7 w8 w9 w10 w11", "w5 w5 w5", "nowhere w4"]
COPIES = 20

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


def _documents() -> list[Document]:
    """100 pages of random words, and 20 copies: titles of punctuation only make them equal to every engine."""
    draw = random.Random(7)
    pages = [
        Document(f"p{n:03}", f"Page {n}", tuple(" ".join(draw.choices(WORDS, k=8)) for _ in range(3)))
        for n in range(100)
    ]
    return [*pages, *(Document(f"c{n:03}", "!" * (n + 1), ("copy w1 w2",)) for n in range(COPIES))]


def _write(folder: Path) -> Corpus:
    folder.mkdir(parents=True)
    draft = Draft(_documents(), [])
    store.write(folder, draft, name="ties", builder="ties", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return _write(tmp_path_factory.mktemp("engines") / "corpus")


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest, corpus: Corpus) -> Engine:
    return open_engine(request.param, corpus)


def _full(engine: Engine, query: str, corpus: Corpus) -> list[Hit]:
    return engine.search([query], len(corpus.documents))[0]


def test_there_are_engines():
    assert {"bm25", "rank_bm25", "dense", "hybrid"} <= set(NAMES)


def test_it_carries_its_name(engine: Engine):
    assert engine.name in NAMES


@pytest.mark.parametrize("query", QUERIES)
def test_order_is_rounded_score_then_position(engine: Engine, corpus: Corpus, query: str):
    hits = _full(engine, query, corpus)
    assert hits
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.index))
    assert len({hit.index for hit in hits}) == len(hits)
    assert all(hit.score > 0 and hit.score == round(hit.score, 4) for hit in hits)


@pytest.mark.parametrize("k", [1, 2, 7, COPIES - 1, COPIES])
def test_equal_documents_come_by_position_at_every_cut(engine: Engine, corpus: Corpus, k: int):
    hits = engine.search(["copy"], k)[0]
    assert [corpus.documents[hit.index].id for hit in hits] == [f"c{n:03}" for n in range(k)]
    # Fusion scores ranks, of which equal documents have different ones.
    assert engine.name == "hybrid" or len({hit.score for hit in hits}) == 1


@pytest.mark.parametrize("query", QUERIES)
def test_a_shorter_list_is_the_head_of_a_longer_one(corpus: Corpus, engine: Engine, query: str):
    full = _full(engine, query, corpus)
    for k in (1, 2, 3, 5, 8, 13, 40, 119):
        fresh = open_engine(engine.name, corpus) if k in (1, 40) else engine
        assert fresh.search([query], k)[0] == full[:k]


def test_k_beyond_the_corpus(engine: Engine, corpus: Corpus):
    assert engine.search(["w1 w2"], 10**12) == engine.search(["w1 w2"], len(corpus.documents))


@pytest.mark.parametrize("query", ["", "   ", "\n", "the of and", "?!", "nowhere"])
def test_a_query_without_a_known_word_finds_nothing(engine: Engine, query: str):
    assert engine.search([query], 5) == [[]]


def test_no_queries_no_lists(engine: Engine):
    assert engine.search([], 3) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=ANY_TEXT)
@example(query="\ud800 w1 \udfff")
@example(query="text:w1 AND (NOT w2")
@example(query='+w1 -w2 "w3 w4"~2 [a TO b] w*')
@example(query="w1\x00w2")
@example(query="w1 " * 20_000)
@example(query="x" * 100_000)
@example(query=" ".join(f"w{n}" for n in range(5_000)))
def test_any_string_is_a_query(engine: Engine, query: str):
    (hits,) = engine.search([query], 4)
    assert len(hits) <= 4
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.index))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.sampled_from(QUERIES), hidden=st.sets(st.integers(0, 119)), k=st.integers(1, 130))
def test_exclusion_hides_and_moves_nothing_else(engine: Engine, corpus: Corpus, query: str, hidden: set[int], k: int):
    mask = np.zeros(len(corpus.documents), dtype=bool)
    mask[list(hidden)] = True
    expected = [hit for hit in _full(engine, query, corpus) if hit.index not in hidden][:k]
    assert engine.search([query], k, exclude=mask)[0] == expected
    assert mask.sum() == len(hidden)


def test_all_but_the_last_excluded(engine: Engine, corpus: Corpus):
    last = _full(engine, "w1 w2", corpus)[-1]
    mask = np.ones(len(corpus.documents), dtype=bool)
    assert engine.search(["w1 w2"], 3, exclude=mask) == [[]]
    mask[last.index] = False
    assert engine.search(["w1 w2"], 3, exclude=mask) == [[last]]


@pytest.mark.parametrize("mask", [np.zeros(119, dtype=bool), np.zeros((120, 1), dtype=bool), np.zeros(120, dtype=int)])
def test_a_mask_of_another_shape_or_type_is_refused(engine: Engine, mask: np.ndarray):
    with pytest.raises(ValueError, match=r"exclude must be bool of shape \(120,\)"):
        engine.search(["w1"], 3, exclude=mask)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(engine: Engine, k: int):
    with pytest.raises(ValueError, match="k must be at least 1"):
        engine.search(["w1"], k)


def test_a_batch_is_the_same_as_one_by_one(corpus: Corpus, engine: Engine):
    queries = [*QUERIES, "", *(f"w{n} w{n + 1}" for n in range(40)), *QUERIES]
    batch = open_engine(engine.name, corpus).search(queries, 5)
    alone = open_engine(engine.name, corpus)
    assert batch == [alone.search([query], 5)[0] for query in queries]


def test_what_is_returned_is_the_callers(engine: Engine, corpus: Corpus):
    first = _full(engine, "w1", corpus)
    expected = list(first)
    first.clear()
    assert _full(engine, "w1", corpus) == expected


SCRIPT = """
import json, sys
from pathlib import Path
from berrypick.corpora import store
from berrypick.corpora.engines import open_engine
corpus = store.read(Path(sys.argv[1]))
queries = json.loads(sys.argv[2])
lists = {
    name: [[(hit.index, hit.score) for hit in hits] for hits in open_engine(name, corpus).search(queries, 10)]
    for name in sys.argv[3:]
}
print(json.dumps(lists))
"""


@pytest.fixture(scope="module")
def two_processes(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[list[list[float]]]]]:
    """Lists from two processes that differ in PYTHONHASHSEED, each of which builds its own indexes."""
    running = []
    for seed in ("1", "2"):
        copy = tmp_path_factory.mktemp("hash") / "corpus"
        shutil.copytree(corpus.path, copy, ignore=shutil.ignore_patterns("index"))
        command = [sys.executable, "-P", "-c", SCRIPT, str(copy), json.dumps(QUERIES), *NAMES]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    return [json.loads(process.communicate()[0]) for process in running]


def test_processes_with_other_hash_seeds_agree(engine: Engine, two_processes: list[dict[str, list[list[list[float]]]]]):
    first, second = (lists[engine.name] for lists in two_processes)
    assert first == second
    here = [[[hit.index, hit.score] for hit in hits] for hits in engine.search(QUERIES, 10)]
    assert here == first


def test_reopening_gives_the_same_lists(engine: Engine, corpus: Corpus):
    again = open_engine(engine.name, store.read(corpus.path))
    assert again.search(QUERIES, 7) == engine.search(QUERIES, 7)
