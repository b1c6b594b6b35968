"""Moves by hand: where words come from, and how each kind of action is named."""

from __future__ import annotations

import pytest

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.scoring.moves import Context, raw_move, source
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.trace import Turn

QUESTION = "In which city is the company where Tessa Thornwell works based?"


def turn(
    action: Action, docs: tuple[int, ...] = (), shown: tuple[tuple[int, int], ...] = (), valid: bool = True
) -> Turn:
    searched = isinstance(action, Search) and valid
    return Turn("", action, "bm25" if searched else "", 3 * searched, docs, (0.0,) * len(docs), shown, valid, "")


@pytest.fixture
def context(toy_corpus: Corpus) -> Context:
    return Context(lexicon(toy_corpus), QUESTION)


def search(query: str) -> Turn:
    return turn(Search(query))


def test_source_is_the_first_that_holds_all_words() -> None:
    asked, found = frozenset("ab"), frozenset("bc")
    assert source({"a", "b"}, asked, found) == "asked"
    assert source({"b"}, asked, found) == "asked"  # both hold it: asked comes first
    assert source({"b", "c"}, asked, found) == "found"
    assert source({"a", "c"}, asked, found) == "both"
    assert source({"a", "d"}, asked, found) == "own"
    assert source(set(), asked, found) == "asked"


def test_moves_are_named_by_what_was_displayed_before_them(toy_corpus: Corpus, context: Context) -> None:
    foundry = search("Northern Halvard Foundry")
    both = search("Northern Halvard Foundry city")
    assert raw_move(search("Tessa Thornwell"), context) == "bm25/asked/names:full"
    assert raw_move(foundry, context) == "bm25/own/names:full"
    page = toy_corpus.position["p1"]
    context.see(turn(Search("Tessa Thornwell"), (page,), ((page, 1),)))
    assert raw_move(foundry, context) == "bm25/found/names:full"
    assert raw_move(both, context) == "bm25/both/names+words"
    assert raw_move(search("Northern Halvard Foundry turnover"), context) == "bm25/own/names+words"
    # Sentence 0 was not displayed, nor were the links.
    assert raw_move(search("Upper Harrowgate"), context) == "bm25/own/names:full"


def test_an_initial_has_the_source_of_its_surname(context: Context) -> None:
    assert raw_move(search("T. Thornwell"), context) == "bm25/asked/names:initial"


def test_opened_pages_display_their_links(toy_corpus: Corpus, context: Context) -> None:
    page = toy_corpus.position["p1"]
    opened = turn(Open("Tessa Thornwell"), (page,), ((page, 0),))
    assert raw_move(opened, context) == "open/asked/names:full"
    context.see(opened)
    assert raw_move(turn(Open("northern halvard foundry"), (toy_corpus.position["p3"],)), context) == (
        "open/found/names:full"
    )


def test_opening_a_page_that_is_no_entity_is_plain_names(toy_corpus: Corpus, context: Context) -> None:
    roster = toy_corpus.position["r1"]
    context.see(turn(Search("staff"), (roster,), ((roster, 0),)))
    assert raw_move(turn(Open("Staff of Northern Halvard Foundry (1)"), (roster,)), context) == "open/found/names"


def test_answers_and_invalid_turns(context: Context) -> None:
    assert raw_move(turn(Answer("Quillport")), context) == "answer"
    assert raw_move(turn(Invalid("no action found"), valid=False), context) == "invalid"
    assert raw_move(turn(Search("Tessa Thornwell"), valid=False), context) == "invalid"  # over budget
    assert raw_move(turn(Open("Atlantis"), valid=False), context) == "invalid"
