"""Almanac's inventories, lexicon and grammar: closed, disjoint, and readable back."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.corpora.answerability.plans import Both, Name, Stated, Step, Winner
from berrypick.corpora.builders.almanac import grammar
from berrypick.corpora.builders.almanac.grammar import parse_question, read_sentence
from berrypick.corpora.builders.almanac.inventory import ADJECTIVES, POOLS, Pool
from berrypick.corpora.builders.almanac.inventory_nested import MORE_ADJECTIVES, NESTED_POOLS
from berrypick.corpora.builders.almanac.lexicon import HELD_OUT, RELATIONS, train_wordings
from berrypick.corpora.builders.almanac.wording import WORDING
from berrypick.text import tokens

INVENTORIES = [(POOLS, ADJECTIVES), (NESTED_POOLS, MORE_ADJECTIVES)]


@pytest.mark.parametrize(("inventory", "adjectives"), INVENTORIES)
def test_words_of_different_pools_never_coincide(inventory: dict[str, Pool], adjectives: tuple[str, ...]) -> None:
    parts = ("firsts", "stems", "roles")
    pools = {f"{kind}.{part}": getattr(pool, part) for kind, pool in inventory.items() for part in parts}
    pools["adjectives"] = adjectives
    for (one, words), (other, others) in combinations(pools.items(), 2):
        shared = {word.lower() for word in words} & {word.lower() for word in others}
        assert not shared, f"{one} and {other} share {sorted(shared)}"


@pytest.mark.parametrize(("inventory", "adjectives"), INVENTORIES)
def test_no_pool_repeats_a_word_and_no_first_word_begins_with_a(
    inventory: dict[str, Pool], adjectives: tuple[str, ...]
) -> None:
    assert len(set(adjectives)) == len(adjectives)
    for kind, pool in inventory.items():
        for part in ("firsts", "stems", "types", "roles", "nouns"):
            words = getattr(pool, part)
            assert len(set(words)) == len(words), (kind, part)
        assert not any(first.startswith("A") for first in pool.firsts), kind


@pytest.mark.parametrize("name", RELATIONS)
def test_relations_have_enough_wordings(name: str) -> None:
    row = RELATIONS[name]
    assert len(row.states) >= 6
    assert len(set(row.states)) == len(row.states)
    assert len(train_wordings(row.states)) == len(row.states) - HELD_OUT
    assert len(row.asks) > HELD_OUT
    assert all("{s}" in state and "{o}" in state for state in row.states)
    assert all(ask.count("{x}") == 1 for ask in (*row.asks, *row.asks_inverse))


@pytest.mark.parametrize("name", RELATIONS)
def test_some_paraphrase_shares_no_content_word_with_the_question(name: str) -> None:
    row = RELATIONS[name]
    asked = set(tokens(row.asks[0].format(x="")))
    assert any(not asked & set(tokens(state.format(s="", o=""))) for state in train_wordings(row.states))


@pytest.mark.parametrize("name", RELATIONS)
def test_every_wording_reads_back_to_its_relation_alone(name: str) -> None:
    row = RELATIONS[name]
    object_name = "1845" if row.object == "year" else "Karn Harrowgate"
    for subject in ("Tessa", "the Lantern Poet", "Thornwell of Fellmoor"):
        for state in row.states:
            sentence = state.format(s=subject, o=object_name)
            sentence = sentence[0].upper() + sentence[1:]
            assert read_sentence(sentence) == [Stated(subject, name, object_name)], sentence
    for inverse, asks in ((False, row.asks), (True, row.asks_inverse)):
        for ask in asks:
            assert parse_question(f"What is {ask.format(x='Tessa Thornwell')}?") == Step(
                name, inverse, Name("Tessa Thornwell")
            )


def test_nested_questions_parse_inside_out() -> None:
    # "the city where X is based" around "the employer of Y": based_in(works_at(Y))
    text = "Which is the city where the employer of Tessa Thornwell is based?"
    assert parse_question(text) == Step("based_in", False, Step("works_at", False, Name("Tessa Thornwell")))
    assert parse_question("Name the birthplace of the older of Tessa Marlwell and Otto Cothham.") == Step(
        "born_in", False, Winner("born_in_year", False, Name("Tessa Marlwell"), Name("Otto Cothham"))
    )
    assert parse_question(
        "Which is both the apprentice of Otto Cothham and the alumnus of Prior Oswine College?"
    ) == Both(Step("mentored_by", True, Name("Otto Cothham")), Step("studied_at", True, Name("Prior Oswine College")))
    assert parse_question("What is the spouse of the one known as the Lantern Poet?") == Step(
        "married_to", False, Name("the Lantern Poet")
    )


def test_registers_and_rosters_read_back() -> None:
    assert read_sentence("The Lantern Poet: Tessa Thornwell.") == [
        Stated("the Lantern Poet", "alias", "Tessa Thornwell")
    ]
    assert grammar.read_roster("Payroll of Quartz Halvard Foundry (2)", "T. Thornwell.") == [
        Stated("T. Thornwell", "works_at", "Quartz Halvard Foundry")
    ]
    assert grammar.read_roster("Tessa Thornwell", "Tessa kept a careful diary.") == []


@pytest.mark.parametrize("name", RELATIONS)
def test_wording_gives_no_held_out_phrase(name: str) -> None:
    held_out = {state.format(s="", o="").strip(" .") for state in RELATIONS[name].states[-HELD_OUT:]}
    assert len(WORDING.phrases(name)) >= 4
    assert not held_out & set(WORDING.phrases(name))


@given(st.text())
def test_reading_is_total(text: str) -> None:
    assert isinstance(read_sentence(text), list)
    assert isinstance(grammar.read_roster(text, text), list)
    assert parse_question(text) is None or text


def test_initial_form() -> None:
    assert grammar.initial_form("Tessa Thornwell") == "T. Thornwell"
    assert grammar.initial_form("Quartz Halvard Foundry") == "Q. Halvard Foundry"
