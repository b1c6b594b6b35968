"""Opening engines by name."""

from __future__ import annotations

import pytest

from berrypick.corpora.engines import ENGINES, dense, open_engine
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput
from berrypick.registry import UnknownName


def test_an_unknown_engine_lists_near_ones(toy_corpus: Corpus):
    with pytest.raises(UnknownName, match="unknown engine 'bm52'; did you mean 'bm25'"):
        open_engine("bm52", toy_corpus)


@pytest.mark.parametrize("name", ["bm25:lsa", "rank_bm25:x"])
def test_an_argument_that_an_engine_does_not_take_is_refused(toy_corpus: Corpus, name: str):
    with pytest.raises(BadInput, match="takes no argument"):
        open_engine(name, toy_corpus)


@pytest.mark.parametrize(("name", "reason"), [("dense:lsa:300", "takes no argument"), ("hybrid:hf:", "a hub name")])
def test_an_argument_that_an_encoder_does_not_take_is_refused_before_an_index_is_built(
    toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
):
    monkeypatch.setattr(dense, "index_folder", lambda *arguments: pytest.fail("indexed"))
    with pytest.raises(BadInput, match=reason):
        open_engine(name, toy_corpus)


@pytest.mark.parametrize("name", ["dense:lsa", "hybrid:lsa"])
def test_the_encoder_is_an_argument(toy_corpus: Corpus, name: str):
    engine = open_engine(name, toy_corpus)
    assert engine.search(["Tessa Thornwell"], 3) == open_engine(engine.name, toy_corpus).search(["Tessa Thornwell"], 3)


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "http"])  # which needs a server
def test_a_name_finds_its_page(toy_corpus: Corpus, name: str):
    hit = open_engine(name, toy_corpus).search(["Corin Vale"], 3)[0][0]
    assert toy_corpus.documents[hit.index].title == "Corin Vale"
