"""What is known from displayed text: names that are one, facts both ways, and no exception on any text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.envs.reading import reader
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.reader import Fact, Forms, Passage

PROFILE = Passage("Tessa Thornwell", ("Tessa works at Beacon Halvard Foundry.",))
ROSTER = Passage("Payroll of Beacon Halvard Foundry (1)", ("T. Thornwell.", "H. Marlmere."))
EVENT = Passage("Spring 1845 at Fellmoor", ("The Lantern Poet was born in Bal Harrowgate.",))
REGISTER = Passage("Register of bynames and epithets (3)", ("The Lantern Poet: Tessa Thornwell.",))


def know(*passages: Passage, names: tuple[str, ...] = ()) -> Knowledge:
    return Knowledge(ALMANAC, names, passages)


def test_profile_and_roster_agree_on_who():
    for passage in (PROFILE, ROSTER):
        known = know(passage)
        assert known.related("Tessa Thornwell", "works_at", False) == ["Beacon Halvard Foundry"]
        assert known.related("T. Thornwell", "works_at", False) == ["Beacon Halvard Foundry"]
    assert know(PROFILE).related("Beacon Halvard Foundry", "works_at", True) == ["Tessa Thornwell"]
    assert know(ROSTER).related("Beacon Halvard Foundry", "works_at", True) == ["T. Thornwell", "H. Marlmere"]


def test_a_full_name_seen_anywhere_is_the_best_form():
    assert know(ROSTER, PROFILE).related("Beacon Halvard Foundry", "works_at", True)[0] == "Tessa Thornwell"


def test_a_byname_is_nobody_until_the_register_tells():
    assert know(EVENT).related("Tessa Thornwell", "born_in", False) == []
    assert know(EVENT).related("the Lantern Poet", "born_in", False) == ["Bal Harrowgate"]
    for order in ((EVENT, REGISTER), (REGISTER, EVENT)):
        assert know(*order).related("Tessa Thornwell", "born_in", False) == ["Bal Harrowgate"]
        assert know(*order).related("Bal Harrowgate", "born_in", True) == ["Tessa Thornwell"]


def test_forms():
    assert know().forms("Tessa Thornwell") == Forms("Tessa Thornwell", "T. Thornwell", "")
    assert know().forms("the Lantern Poet") == Forms("", "", "the Lantern Poet")
    assert know(REGISTER).forms("T. Thornwell") == Forms("Tessa Thornwell", "T. Thornwell", "the Lantern Poet")
    assert know().forms("1845").best == "1845"
    assert Forms("", "T. Thornwell", "the Lantern Poet").best == "T. Thornwell"


def test_a_relation_may_be_symmetric():
    known = know(Passage("Hugo Marlmere", ("Hugo married Tessa Thornwell.",)))
    assert known.related("Tessa Thornwell", "married_to", False) == ["Hugo Marlmere"]
    assert not known.settled("Tessa Thornwell", "married_to")
    assert know(PROFILE).settled("Tessa Thornwell", "works_at")


def test_a_name_by_part_alone_is_nobody():
    event = Passage("Spring 1845 at Fellmoor", ("Thornwell of Fellmoor was born in Bal Harrowgate.",))
    known = know(event, names=("Tessa Thornwell",))
    assert known.related("Tessa Thornwell", "born_in", False) == []
    assert known.related("Bal Harrowgate", "born_in", True) == []


def test_an_event_is_about_one_subject():
    sentences = (
        "The Lantern Poet works at Beacon Halvard Foundry.",
        "Thornwell of Fellmoor was born in Bal Harrowgate.",
    )
    known = know(Passage("Spring 1845 at Fellmoor", sentences))
    assert known.related("the Lantern Poet", "born_in", False) == ["Bal Harrowgate"]


def test_numbers():
    known = know(Passage("Cohort of 1845 (1)", ("T. Thornwell.",)))
    assert known.number("Tessa Thornwell", "born_in_year") == 1845.0
    assert known.number("Hugo Marlmere", "born_in_year") is None
    assert know(PROFILE).number("Tessa Thornwell", "works_at") is None


def test_titles_are_listed_once_links_included():
    page = Passage("Tessa Thornwell", (), ("Bal Harrowgate", "Tessa Thornwell"), opened=True)
    assert tuple(know(PROFILE, page).titles) == ("Tessa Thornwell", "Bal Harrowgate")


@pytest.mark.parametrize("order", list(itertools.permutations((PROFILE, ROSTER, EVENT, REGISTER))))
def test_the_order_of_reading_changes_no_fact(order: tuple[Passage, ...]):
    """Whatever was taken in before a byname was understood goes by the full name afterwards."""
    known = know(*order, names=("the Lantern Poet",))
    assert list(known.passages) == list(dict.fromkeys(order))
    assert known.forms("the Lantern Poet") == Forms("Tessa Thornwell", "T. Thornwell", "the Lantern Poet")
    assert known.related("the Lantern Poet", "works_at", False) == ["Beacon Halvard Foundry"]
    assert known.related("Tessa Thornwell", "born_in", False) == ["Bal Harrowgate"]
    assert set(known.related("Beacon Halvard Foundry", "works_at", True)) == {"Tessa Thornwell", "H. Marlmere"}
    keys = {"T. Thornwell", "H. Marlmere", "B. Halvard Foundry", "B. Harrowgate"}
    assert set(known.keys) == keys and next(iter(known.keys)) == "T. Thornwell"


def test_what_comes_later_is_taken_in():
    known = know(EVENT)
    known.see(REGISTER)
    assert known.related("Tessa Thornwell", "born_in", False) == ["Bal Harrowgate"]
    assert tuple(known.titles) == (EVENT.title, REGISTER.title)
    assert set(known.facts) == {
        Fact("the Lantern Poet", "born_in", "Bal Harrowgate"),
        Fact("the Lantern Poet", "alias", "Tessa Thornwell"),
    }


texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="abAB. 'of the18:()", max_size=60),
    st.sampled_from([*PROFILE.sentences, *ROSTER.sentences, *EVENT.sentences, *REGISTER.sentences, "Vienna: 3 km."]),
)
titles = st.one_of(
    texts, st.sampled_from([PROFILE.title, ROSTER.title, EVENT.title, "Field listing: Area (1)", "A: B"])
)
some_passages = st.lists(
    st.builds(Passage, titles, st.tuples(texts, texts), st.tuples(texts), st.booleans()), max_size=4
)


@given(some_passages, texts, st.sampled_from(["born_in", "works_at", "borders", "area", "alias", ""]))
def test_any_text_is_read(passages: list[Passage], name: str, relation: str):
    for language in reader.languages():
        known = Knowledge(language, (name,), passages)
        assert all(isinstance(other, str) for other in known.related(name, relation, True))
        known.number(name, relation)
        known.settled(name, relation)
        assert isinstance(known.forms(name).best, str)
        assert known.key(name) == known.key(name)
