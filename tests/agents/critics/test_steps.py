"""The trace critic by hand, sentence by sentence, in the little world of ``tests/agents/conftest.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from berrypick.agents.critics import Attempt
from berrypick.agents.critics.steps import step_by_step, steps
from berrypick.errors import BadInput

Play = Callable[..., Attempt]

#: q-bridge: "What is the city where the company where Tessa Thornwell works is based?"
WORKS = "What is the company where Tessa Thornwell works?"
BASED = "What is the city where Beacon Halvard Foundry is based?"
TESSA, BEACON = "<open>Tessa Thornwell</open>", "<open>Beacon Halvard Foundry</open>"


def test_a_success(attempt: Play):
    played = attempt("q-bridge", TESSA, BEACON, "<answer>Bal Harrowgate</answer>")
    assert step_by_step(played) == (
        f"1: open names:full found: {WORKS} 2: open names:full found: {BASED} This is the answer."
    )


def test_what_is_missing_is_asked_by_the_name_that_was_found(attempt: Play):
    played = attempt("q-bridge", TESSA, "<answer>Beacon Halvard Foundry</answer>")
    # The answer stands among the links of Tessa's page, so it was shown.
    assert step_by_step(played) == (
        f"1: open names:full found: {WORKS} No page shown answers: {BASED} The searches are not used up. "
        "This is not the answer."
    )


def test_a_second_hop_is_not_named_before_the_first_is_found(attempt: Play):
    """The page of the company shows its seat, but nothing that was displayed leads there: its name is not said."""
    played = attempt("q-bridge", "<search>Copper Anvil</search>", "<answer>unknown</answer>")
    found = {played.trace.corpus.documents[position].id for position in played.trace.turns[0].docs}
    assert "c2" in found and played.outcome.first_shown == (None, 0)
    assert step_by_step(played) == (
        f"1: bm25 names:byname found what was asked. No page shown answers: {WORKS} The searches are not used up. "
        "The answer was never shown. This is not the answer."
    )


def test_a_listed_page_that_was_not_opened(attempt: Play):
    """ "Tessa" lists p1, whose sentence on her employer is not the one shown."""
    played = attempt("q-bridge", "<search topk=1>Tessa Thornwell weaver</search>", "<answer>a weaver</answer>")
    assert step_by_step(played).startswith(f"1: bm25 names and words listed a page that answers: {WORKS} No page")


def test_the_wrong_person(attempt: Play):
    played = attempt("q-bridge", "<search topk=1>Ivo Thornwell clerk</search>", "<answer>Ivo Thornwell</answer>")
    assert step_by_step(played) == (
        "1: bm25 names and words asked about Ivo Thornwell, not about the question. "
        f"No page shown answers: {WORKS} The searches are not used up. This is not the answer."
    )


def test_nothing_new_nothing_at_all_and_no_action(attempt: Play):
    hugo = "<search topk=1>diary careful</search>"
    played = attempt("q-bridge", hugo, hugo, "<search>zzz</search>", "I give up", "<open>No Such Page</open>")
    assert step_by_step(played) == (
        "1: bm25 words found nothing asked about. 2: bm25 words found nothing new. 3: bm25 words found nothing. "
        f"4: failed. 5: failed. No page shown answers: {WORKS} The searches are not used up. "
        "The question has no answer."
    )


def test_a_wasted_budget(attempt: Play):
    played = attempt("q-bridge", *["<search>zzz</search>"] * 3, search_budget=2)
    assert "3: failed. " in step_by_step(played) and "The searches are used up." in step_by_step(played)


def test_a_byname_is_said_as_it_was_asked_until_the_name_is_found(attempt: Play):
    """q-alias: "What is the employer of the one known as the Lantern Poet?\""""
    alias = "What is the one known as the Lantern Poet?"
    missing = step_by_step(attempt("q-alias", "<answer>unknown</answer>"))
    assert missing.startswith(
        f"No page shown answers: {alias} No page shown answers: What is the company where the Lantern Poet works? "
    )
    found = step_by_step(attempt("q-alias", "<search>Register of bynames</search>", "<answer>unknown</answer>"))
    assert found.startswith(f"1: bm25 words found: {alias} No page shown answers: {WORKS} ")


def test_the_winner_of_a_comparison_is_not_told_before_both_figures_are_displayed(attempt: Play):
    played = attempt("q-bridge", TESSA, BEACON, "<answer>unknown</answer>")
    works, based = played.trace.question.gold
    # As if the two facts compared were these, and the winner's works asked for: the first figure alone is displayed.
    gold = (works, msgspec.structs.replace(based, subject="Hugo Marlmere"), works)
    question = msgspec.structs.replace(
        played.trace.question, text="Tessa Thornwell or Hugo Marlmere?", family="comparison", gold=gold
    )
    third = msgspec.structs.replace(works, relation="born_in")
    question = msgspec.structs.replace(question, gold=(*gold[:2], third))
    for first_shown, told in (((0, None, None), False), ((0, 1, None), True)):
        outcome = msgspec.structs.replace(played.outcome, first_shown=first_shown)
        said = step_by_step(Attempt(replace(played.trace, question=question), outcome))
        assert ("What is the city where Tessa Thornwell was born?" in said) is told


def test_without_a_plan_only_what_is_certain_is_said(attempt: Play):
    played = attempt("q-bridge", TESSA, TESSA, "<answer>unknown</answer>")
    question = msgspec.structs.replace(played.trace.question, gold=())
    outcome = msgspec.structs.replace(played.outcome, first_shown=(), hops=0)
    assert step_by_step(Attempt(replace(played.trace, question=question), outcome)) == (
        "2: open names:full found nothing new. The answer was never shown. This is not the answer."
    )


def test_a_corpus_that_nobody_words_has_no_questions(attempt: Play):
    played = attempt("q-bridge", TESSA, "<answer>unknown</answer>")
    corpus = replace(played.trace.corpus, name="mine")
    assert step_by_step(Attempt(replace(played.trace, corpus=corpus), played.outcome)) == (
        "1: open names:full found what was asked. No page shown has all that was asked. "
        "The searches are not used up. The answer was never shown. This is not the answer."
    )


def test_those_chosen_are_criticised_in_their_order(attempt: Play):
    played = [attempt("q-bridge", f"<answer>{answer}</answer>") for answer in ("Bal Harrowgate", "x", "y")]
    assert steps(played, [2, 0], []) == [step_by_step(played[2]), step_by_step(played[0])]


def test_without_answers_there_is_no_verdict(attempt: Play):
    played = attempt("q-bridge", TESSA)
    question = msgspec.structs.replace(played.trace.question, answers=())
    with pytest.raises(BadInput, match="has no answers"):
        step_by_step(Attempt(replace(played.trace, question=question), played.outcome))
