"""Text to numbers: what is legal, what it is written as, what is observed; all by hand on a few passages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.discrete.choices import CHOICES, ENGINES, NUMBER, PAGES, PER_SLOT, QUERIES, SLOTS, TOGETHER, Choice
from berrypick.envs.discrete.codec import Codec
from berrypick.envs.discrete.features import NAMES, observe
from berrypick.envs.discrete.slots import queries
from berrypick.envs.observations import Setup
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Forms, Passage

SETUP = Setup("tags", ("bm25", "dense"), 3, 10, 6)
TESSA, BEACON, BAL = "Tessa Thornwell", "Beacon Halvard Foundry", "Bal Harrowgate"
BRIDGE = f"What is the city where the company where {TESSA} works is based?"
BYNAME = "What is the employer of the one known as the Lantern Poet?"
INVERSE = f"What is the employee of {BEACON}?"
PROFILE = Passage(TESSA, (f"Tessa works at {BEACON}.",))
PAGE = Passage(BEACON, (f"Beacon is based in {BAL}.",), (BAL,), opened=True)
LISTED = Passage(f"Payroll of {BEACON} (1)", ("T. Thornwell.",))
REGISTER = Passage("Register of bynames and epithets (1)", (f"The Lantern Poet: {TESSA}.",))
EVENT = Passage("Spring 1845 at Fellmoor", ("Rain fell for most of the week.",))


def play(question: str, *turns: tuple[Action, Sequence[Passage]], setup: Setup = SETUP) -> Codec:
    codec = Codec(setup, question)
    for action, shown in turns:
        codec.see(action, shown)
    return codec


def legal(codec: Codec) -> list[Choice]:
    return [CHOICES[number] for number in np.flatnonzero(codec.mask())]


def told(codec: Codec) -> dict[str, float]:
    """The features that are not 0."""
    return {name: float(value) for name, value in zip(NAMES, observe(codec), strict=True) if value}


def test_every_action_has_one_number():
    # 8 slots x (2 engines x 10 queries + 2 pages + 1 answer), and 2 engines x 2 queries without a slot
    assert len(CHOICES) == len(NUMBER) == 8 * 23 + 4 == 188
    assert PER_SLOT == 23 and (SLOTS, len(QUERIES), len(PAGES), len(TOGETHER), len(ENGINES)) == (8, 10, 2, 2, 2)
    assert CHOICES[PER_SLOT] == Choice("bm25", 1, "full") and CHOICES[-1] == Choice("dense", None, "names")
    assert len(set(NAMES)) == len(NAMES)


def test_queries_by_hand():
    works = Unknown("", "works_at")
    all_words, gist = ALMANAC.words(works)[0], ALMANAC.gist(works)
    register = "register bynames epithets"
    assert queries(Forms(TESSA, "T. Thornwell", "the Lantern Poet"), works).texts == (
        TESSA,
        f"{TESSA} {all_words}",
        f"Payroll of {TESSA}",
        f"{register} {TESSA}",
        "T. Thornwell",
        f"T. Thornwell {all_words}",
        "Payroll of T. Thornwell",
        "the Lantern Poet",
        f"the Lantern Poet {gist}",
        f"{register} the Lantern Poet",
    )
    # A subject is sought: its pages do not bear the name.
    assert queries(Forms(BEACON), works._replace(inverse=True)).texts[1] == f"{BEACON} {gist}"
    # Nothing is sought, and only the byname is known.
    byname = queries(Forms("", "", "the Lantern Poet"), None)
    assert byname.texts == ("",) * 7 + ("the Lantern Poet", "", f"{register} the Lantern Poet")
    assert byname.legal == bytes((0, 0, 0, 0, 0, 0, 0, 1, 0, 1))
    # What is longer than a query may be is none: 1,997 letters and " Poet".
    assert not any(queries(Forms("x" * 1997 + " Poet"), None).legal)


def test_an_episode_starts_with_the_names_of_the_question():
    codec = Codec(SETUP, BRIDGE)
    first = [Choice(engine, 0, form) for engine in ENGINES for form in QUERIES[:7]]
    whole = [Choice(engine, None, "whole") for engine in ENGINES]
    assert legal(codec) == [*first, Choice("open", 0, "page"), Choice("answer", 0, ""), *whole]
    assert told(codec) == dict.fromkeys(
        (
            *("slot0:filled", "slot0:full", "slot0:initial", "slot0:asked", "slot0:sought", "slot0:page"),
            *("sought:works_at", "turns", "searches", "steps"),
        ),
        1.0,
    ) | {"unknowns": 0.25}


def test_what_is_nearest_to_the_goal_comes_first():
    codec = play(BRIDGE, (Search(TESSA, "bm25"), (PROFILE, EVENT)))
    assert [slot.forms.full for slot in codec.slots] == [BEACON, TESSA]
    assert [(slot.group, slot.asked) for slot in codec.slots] == [(1, False), (-1, True)]
    features = told(codec)
    assert features["slot1:bm25:full"] == 1.0 and "slot1:dense:full" not in features
    assert features["sought:based_in"] == 1.0 and features["steps"] == 0.5
    assert (features["turns"], features["searches"]) == (pytest.approx(9 / 10), pytest.approx(5 / 6))
    assert {name for name in features if name.startswith("last:")} == {
        *("last:bm25", "last:full", "last:new", "last:moved", "last:shown:page", "last:shown:event")
    }
    assert (features["last:shown:page"], features["last:shown:event"]) == (0.5, 0.5)
    # The foundry is neither a title that was displayed nor named by the question.
    assert codec.action(NUMBER[Choice("open", 0, "page")]) is None
    codec.see(Open(BEACON), (PAGE,))
    assert [slot.forms.full for slot in codec.slots] == [BAL, TESSA, BEACON]
    assert codec.action(NUMBER[Choice("answer", 0, "")]) == Answer(BAL)
    assert codec.action(NUMBER[Choice("open", 0, "page")]) == Open(BAL), "it was linked"
    features = told(codec)
    assert features["slot0:answer"] == features["solved"] == features["slot2:opened"] == features["last:page"] == 1.0
    assert "steps" not in features and "slot0:sought" not in features
    # Nothing is sought any more: a name can be searched for, relation words cannot.
    assert codec.action(NUMBER[Choice("dense", 0, "full")]) == Search(BAL, "dense")
    assert codec.action(NUMBER[Choice("dense", 0, "full+words")]) is None


def test_a_byname_is_one_slot_with_the_name_it_stands_for():
    codec = Codec(SETUP, BYNAME)
    assert codec.slots[0].forms == Forms("", "", "the Lantern Poet")
    assert codec.action(NUMBER[Choice("open", 0, "page")]) is None
    codec.see(Search("register bynames epithets the Lantern Poet"), (REGISTER,))
    assert [slot.forms for slot in codec.slots] == [Forms(TESSA, "T. Thornwell", "the Lantern Poet")]
    assert codec.action(NUMBER[Choice("open", 0, "page")]) is None, "the question does not spell the full name"
    features = told(codec)
    assert features["last:byname+register"] == features["last:shown:register"] == features["last:bm25"] == 1.0
    assert "last:moved" not in features and features["last:new"] == 1.0


def test_a_list_can_be_opened_once():
    listing = NUMBER[Choice("open", 0, "list")]
    codec = Codec(SETUP, INVERSE)
    assert codec.action(listing) is None and "slot0:inverse" in told(codec)
    other = Passage("Payroll of Cobalt Bormont Mills (1)", ())
    second = Passage(f"Payroll of {BEACON} (2)", ())
    codec.see(Search(f"Payroll of {BEACON}", "bm25"), (other, Passage(LISTED.title, ()), second))
    assert codec.action(listing) == Open(LISTED.title) and "slot0:list" in told(codec)
    codec.see(Open(LISTED.title), (Passage(LISTED.title, (), (), opened=True),))
    assert codec.action(listing) == Open(second.title)
    assert {"last:open", "last:list"} <= told(codec).keys()


def test_candidates_come_after_what_they_are_sought_for():
    codec = play(
        f"Which is both the employee of {BEACON} and the native of {BAL}?", (Search("x"), (LISTED, EVENT, LISTED))
    )
    assert [(slot.forms.best, slot.group) for slot in codec.slots] == [(BEACON, 1), (BAL, 1), ("T. Thornwell", 2)]
    assert [slot.unknown for slot in codec.slots] == [
        Unknown("", "works_at", True),
        Unknown("", "born_in", True),
        Unknown("", "born_in", False),
    ]
    assert told(codec)["unknowns"] == 0.5
    assert codec.action(NUMBER[Choice("dense", None, "names")]) == Search(f"{BEACON} {BAL}", "dense")
    codec.see(Search(f"{BEACON} {BAL}", "dense"), ())
    assert {"last:names", "dense:names"} <= told(codec).keys()


def test_budgets_and_engines_make_searches_illegal():
    one = Setup("tags", ("dense:hf:x", "hybrid"), 3, 2, 1)
    codec = Codec(one, BRIDGE)
    assert {choice.tool for choice in legal(codec)} == {"dense", "open", "answer"}
    assert codec.action(NUMBER[Choice("dense", 0, "full")]) == Search(TESSA, "dense:hf:x")
    codec.see(Search(TESSA, "hybrid"), ())
    assert {choice.tool for choice in legal(codec)} == {"open", "answer"}
    assert told(codec)["final"] == 1.0 and "searches" not in told(codec)


def test_what_is_no_action_is_told():
    codec = play(BRIDGE, (Invalid("no action found"), ()))
    assert told(codec)["last:invalid"] == 1.0 and "last:new" not in told(codec)
    assert legal(codec) == legal(Codec(SETUP, BRIDGE))


def test_entities_beyond_the_slots_give_way():
    many = tuple(Passage(f"Ada Fern{letter}", ("Rain fell.",)) for letter in "abcdefghij")
    codec = play(BRIDGE, (Search("x"), (*many, PROFILE)))
    # What is sought, the question's name, then six of the ten in order of appearance.
    expected = [BEACON, TESSA, *(f"Ada Fern{letter}" for letter in "abcdef")]
    assert [slot.forms.full for slot in codec.slots] == expected


names = st.sampled_from([TESSA, BEACON, BAL, "T. Thornwell", "the Lantern Poet", "1845", "é 中", ""])
texts = st.one_of(st.text(max_size=40), names)
shown = st.lists(
    st.one_of(
        st.sampled_from([PROFILE, PAGE, LISTED, REGISTER, EVENT]),
        st.builds(Passage, texts, st.tuples(texts), st.tuples(texts), st.booleans()),
    ),
    max_size=4,
)
actions = st.one_of(
    st.builds(Search, texts, st.sampled_from([None, "bm25", "dense", "hybrid", "dense:hf:x"])),
    st.builds(Open, texts),
    st.builds(Answer, texts),
    st.builds(Invalid, texts),
)
questions = st.one_of(st.sampled_from([BRIDGE, BYNAME, INVERSE]), st.text(max_size=80))


@given(questions, st.lists(st.tuples(actions, shown), max_size=4))
def test_any_text_is_observed_within_bounds(question: str, turns: list[tuple[Action, list[Passage]]]):
    codec = play(question, *turns)
    observation = observe(codec)
    assert observation.shape == (len(NAMES),) and observation.dtype == np.float32
    assert observation.min() >= 0.0 and observation.max() <= 1.0
    mask = codec.mask()
    assert mask.shape == (len(CHOICES),) and mask.dtype == np.bool_
    assert [codec.action(number) is not None for number in range(len(CHOICES))] == mask.tolist()
    mask[:] = False
    assert codec.mask().any() or not question.strip() or not codec.slots, "a mask is a copy"


@given(questions, st.lists(st.tuples(actions, shown), max_size=4))
def test_passages_that_were_displayed_before_change_no_slot(question: str, turns: list[tuple[Action, list[Passage]]]):
    codec = play(question, *turns)
    before = list(codec.slots)
    codec.see(Invalid(""), list(codec.knowledge.passages))
    assert list(codec.slots) == before and not codec.last.new
