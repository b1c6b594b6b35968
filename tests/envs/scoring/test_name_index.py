"""Phrases within a query, against looking at every phrase."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import corpora
from berrypick.envs.scoring.name_index import Phrases, collect, open_phrases
from berrypick.envs.scoring.query_forms import NAME_KINDS, Lexicon, _names_of
from berrypick.text import tokens

WORDS = st.sampled_from("ann ash bo cy dee elm fir the of".split())
NAMED = st.lists(st.tuples(st.lists(WORDS, max_size=4).map(" ".join), st.integers(0, 3)), max_size=12)


def one_by_one(named: list[tuple[str, int]], held: frozenset[str]) -> dict[frozenset[str], int]:
    kinds: dict[frozenset[str], int] = {}
    for text, kind in named:
        kinds.setdefault(frozenset(tokens(text)), kind)
    return {phrase: kind for phrase, kind in kinds.items() if phrase and phrase <= held}


@given(NAMED, st.frozensets(st.sampled_from("ann ash bo cy dee elm fir gum".split())))
def test_every_phrase_within_a_query_is_found(named: list[tuple[str, int]], held: frozenset[str]) -> None:
    assert collect(named).within(held) == one_by_one(named, held)


def test_what_was_saved_finds_the_same(tmp_path: Path) -> None:
    named = [("Ann Ash", 1), ("A. Ash", 2), ("Ash of Elm", 0), ("ash ANN", 3)]
    collect(named).save(tmp_path)
    held = frozenset({"ann", "ash", "elm"})
    found: Phrases = open_phrases(tmp_path)
    # "A. Ash" is the word "ash" alone; the fourth has the words of the first, which comes before it.
    assert found.within(held) == {frozenset({"ann", "ash"}): 1, frozenset({"ash"}): 2, frozenset({"ash", "elm"}): 0}


@pytest.mark.parametrize("named", [[], [("", 1), ("the", 2)]])
def test_without_phrases_nothing_is_found(tmp_path: Path, named: list[tuple[str, int]]) -> None:
    assert collect(named).within(frozenset({"ann"})) == {}
    collect(named).save(tmp_path)
    assert open_phrases(tmp_path).within(frozenset({"ann"})) == {}


def test_queries_of_a_corpus_are_taken_apart_as_one_by_one() -> None:
    corpus = corpora.load("almanac-tiny")
    lexicon = Lexicon(corpus.documents, corpus.entities)
    named = [(getattr(entity, kind), number) for number, kind in enumerate(NAME_KINDS, 1) for entity in corpus.entities]
    named += [(name, 0) for page in corpus.documents for name in _names_of(page.title)]
    texts = [question.text for question in corpus.all_questions]
    texts += [f"{page.title} {page.text}" for page in corpus.documents[::7]]
    found = 0
    for text in texts:
        held = frozenset(tokens(text))
        phrases = lexicon._phrases.within(held)
        assert phrases == one_by_one(named, held), text
        found += len(phrases)
    assert found > len(texts)
