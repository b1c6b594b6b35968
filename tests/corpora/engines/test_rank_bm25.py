"""The pure-Python BM25, by hand and beside tantivy's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from berrypick.corpora import store
from berrypick.corpora.engines import open_engine
from berrypick.corpora.engines.rank_bm25 import RankBm25
from berrypick.corpora.store import Draft
from berrypick.records import Document


def test_by_hand():
    # "plum" is in 1 of 4: idf = ln(3.5 / 1.5) = 0.8473. Lengths 2, 3, 1, 2, mean 2; length 2, tf = 1:
    # 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75)) = 1; score 0.8473.
    engine = RankBm25([["plum", "pear"], ["fig", "fig", "date"], ["date"], ["pear", "fig"]])
    (hit,) = engine.search(["plum"], 3)[0]
    assert (hit.index, hit.score) == (0, 0.8473)


def test_documents_without_words():
    assert RankBm25([[], []]).search(["plum"], 3) == [[]]


def test_its_lists_overlap_with_tantivys(tmp_path: Path):
    """The two differ in idf and in stored lengths, so lists overlap without being equal."""
    draw = random.Random(11)
    words = [f"w{n}" for n in range(800)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    documents = [
        Document(f"d{n:04}", f"Page {n}", (" ".join(draw.choices(words, weights, k=draw.randint(20, 90))),))
        for n in range(600)
    ]
    draft = Draft(documents, [])
    store.write(tmp_path, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    corpus = store.read(tmp_path)
    queries = [" ".join(draw.sample(words[10:300], 4)) for _ in range(60)]
    first, second = (open_engine(name, corpus).search(queries, 10) for name in ("bm25", "rank_bm25"))
    shared = [len({hit.index for hit in a} & {hit.index for hit in b}) / 10 for a, b in zip(first, second, strict=True)]
    assert sum(shared) / len(shared) == pytest.approx(1, abs=0.1)
    top = [a[0].index == b[0].index for a, b in zip(first, second, strict=True)]
    assert sum(top) / len(top) > 0.85
