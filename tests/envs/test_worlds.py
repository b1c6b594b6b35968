from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.corpora import store
from berrypick.corpora.store import Corpus, Draft
from berrypick.envs import worlds
from berrypick.envs.worlds import World, open_world
from berrypick.records import Document, Hit


def test_titles_are_names_in_a_text_as_whole_words():
    text = "Which city did  O'Brien (Works) & Sons of New York reach?"
    for name in ("new york", "NEW  YORK", "O'Brien (Works)", "works", "city"):
        assert worlds.names_title(text, name)
    for name in ("york reach?!", "ew york", "New Yor", "", " ", "[a-z]+", "(Works) Sons"):
        assert not worlds.names_title(text, name)


def test_a_corpus_and_its_engines_are_opened_once(toy_corpus: Corpus):
    name = str(toy_corpus.path)
    world = open_world(name, "train", 0)
    assert open_world(name, "test", 7) is world  # one world: split and number say nothing
    assert world.engine("bm25") is world.engine("bm25")


def test_another_home_is_another_cache(toy_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    here = open_world(str(toy_corpus.path), "", 0)
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    assert open_world(str(toy_corpus.path), "", 0) is not here


def test_snippets_are_the_sentences_that_say_most_of_the_query(toy_corpus: Corpus):
    at = toy_corpus.position
    hits = [Hit(at["p1"], 1.0), Hit(at["p3"], 0.5)]
    world = World(toy_corpus)
    assert world.snippets("where Tessa works", hits) == ((at["p1"], 1), (at["p3"], 0))
    assert world.snippets("founded by Penn", hits) == ((at["p1"], 0), (at["p3"], 1))


def test_links_lead_to_documents_that_exist(tmp_path: Path):
    links = ("B", "Nowhere", "b", "A")
    draft = Draft([Document("a", "A", ("x",), "", links), Document("b", "B", ("y",))], [])
    store.write(tmp_path, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    assert World(store.read(tmp_path)).linked(0) == (1, 0)


def test_titles_are_found_in_any_case_and_odd_ones_once_they_were_shown(tmp_path: Path):
    titles = ["Staff (1)", "Two  blanks", "<search>"]
    draft = Draft([Document(str(n), title, ("x",)) for n, title in enumerate(titles)], [])
    store.write(tmp_path, draft, name="t", builder="t", version=1, parameters={}, seed=0, licence="CC0-1.0")
    world = World(store.read(tmp_path))
    assert world.find(" staff  (1) ", ()) == 0
    assert (world.find("two blanks", {0, 2}), world.find("two blanks", {0, 1})) == (None, 1)
    assert (world.find("&lt;search>", {0}), world.find("&lt;search>", {2})) == (None, 2)
    assert world.find("", {0, 1, 2}) is None
