"""The sentence that is shown, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora import snippets, store
from berrypick.corpora.snippets import best_sentence, corpus_idf
from berrypick.corpora.store import Corpus, Draft
from berrypick.records import Document
from berrypick.text import tokens

IDF = {"plum": 3.0, "pear": 2.0, "fig": 2.0, "date": 0.5}
PAGE = Document("a", "Fruit", ("A pear and a date.", "Plums, no plum.", "Fig, date, pear.", "Pear and fig."))


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("plum", 1),  # 3 against 0
        ("pear fig", 2),  # 2+2 in sentences 2 and 3: the earlier
        ("pear fig date", 2),  # 2+2+.5 against 2+2
        ("plum pear fig", 2),  # 2+2 against 3
        ("plum date pear", 1),  # 3 against 2+.5 in 0 and in 2
        ("date date date date date date date plum", 1),  # repeats count once: .5 against 3
        ("PEAR's", 0),
        ("quince", 0),
        ("", 0),
    ],
)
def test_best_sentence_by_hand(query: str, best: int):
    assert best_sentence(PAGE, tokens(query), IDF) == best


def test_a_page_without_sentences():
    assert best_sentence(Document("a", "Plum", ()), ["plum"], IDF) == 0


def test_words_without_idf_count_nothing():
    page = Document("a", "Fruit", ("quince quince.", "date."))
    assert best_sentence(page, ["quince", "date"], IDF) == 1


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), min_size=1, max_size=6),
    st.lists(st.sampled_from("abcdef")),
)
def test_it_is_the_first_maximum(pages: list[list[str]], query: list[str]):
    idf = {word: 1.0 + rank for rank, word in enumerate("bcdef")}
    page = Document("a", "t", tuple(" ".join(words) for words in pages))
    sums = [sum(idf.get(word, 0) for word in set(query) & {*tokens(sentence)}) for sentence in page.sentences]
    assert best_sentence(page, query, idf) == sums.index(max(sums))


def write(folder: Path, *texts: str) -> Corpus:
    draft = Draft([Document(f"d{n}", f"Title {n}", (text,)) for n, text in enumerate(texts)], [])
    store.write(folder, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    return store.read(folder)


def test_idf_by_hand(tmp_path: Path):
    idf = corpus_idf(write(tmp_path, "plum plum", "pear plum", "fig"))
    # N = 3; plum in 2: ln(1 + 1.5 / 2.5) = 0.4700; fig in 1: ln(1 + 2.5 / 1.5) = 0.9808; title in 3: ln(1 + .5 / 3.5).
    assert idf["plum"] == pytest.approx(0.4700, abs=1e-4)
    assert idf["fig"] == pytest.approx(0.9808, abs=1e-4)
    assert idf["title"] == pytest.approx(math.log(8 / 7))
    assert set(idf) == {"plum", "pear", "fig", "title", "0", "1", "2"}


def test_idf_is_computed_once_and_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    corpus = write(tmp_path, "quince", "medlar")
    first = corpus_idf(corpus)
    assert corpus_idf(corpus) is first
    monkeypatch.setattr(snippets, "_idf", {})
    monkeypatch.setattr(snippets, "_build", lambda corpus, folder: pytest.fail("built twice"))
    assert corpus_idf(store.read(tmp_path)) == first


def test_only_so_many_corpora_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(snippets, "_idf", {})
    monkeypatch.setattr(snippets, "_REMEMBERED_CORPORA", 2)
    for n in range(4):
        (tmp_path / str(n)).mkdir()
        corpus_idf(write(tmp_path / str(n), f"sort {n}"))
    assert len(snippets._idf) == 2
