"""The Factbook's language, on passages as it writes them."""

from __future__ import annotations

import pytest

from berrypick.corpora.answerability.plans import Both, Name, Step, Winner
from berrypick.envs.reading.factbook import FACTBOOK
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Unknown
from berrypick.envs.reading.reader import Passage

CAPITAL = Passage("Austria: Government - capital", ("Capital - name: Vienna.",))
BORDERS = Passage(
    "Austria: Geography - borders",
    ("Land boundaries - border countries: Czech Republic 402 km; Germany 801 km; Slovenia 299 km.",),
)
LISTING = Passage("Field listing: Total area (3)", ("Austria: 83,871 sq km.", "Chad: 1.284 million sq km."))


def test_facts_both_ways():
    known = Knowledge(FACTBOOK, (), (CAPITAL, BORDERS))
    assert known.related("Austria", "capital", False) == ["Vienna"]
    assert known.related("Vienna", "capital", True) == ["Austria"]
    assert known.related("Czechia", "borders", False) == ["Austria"]  # symmetric, and one country by two names


def test_what_a_sentence_says_to_a_step():
    sentence = "Land boundaries - border countries: Czech Republic 402 km; UK 1 km."
    known = Knowledge(FACTBOOK, (), (Passage("Austria: Geography - borders", (sentence,)), CAPITAL))
    assert known.related("Austria", "borders", False) == ["Czechia", "United Kingdom"]
    # A border counts from both sides, under any written variant of a name.
    assert known.related("Czech Republic", "borders", False) == ["Austria"]
    assert known.related("USA", "borders", False) == []
    assert known.related("Vienna", "capital", True) == ["Austria"]
    assert known.related("vienna", "capital", False) == []
    airports = Passage("Chad: Transportation - aviation", ("Airports: 45 (2025).",))
    assert Knowledge(FACTBOOK, (), (airports,)).related("Chad", "airports", False) == ["45"]


def test_figures_are_compared_as_numbers():
    known = Knowledge(FACTBOOK, (), (LISTING,))
    assert known.number("Austria", "area") == 83_871
    assert known.number("Chad", "area") == 1_284_000
    assert known.number("Austria", "capital") is None


@pytest.mark.parametrize(
    ("question", "goal"),
    [
        ("What is the capital of Austria?", Step("capital", False, Name("Austria"))),
        (
            "What is the currency of the country whose capital is Vienna?",
            Step("currency", False, Step("capital", True, Name("Vienna"))),
        ),
        (
            "Which country borders Austria and also is a member of NATO?",
            Both(Step("borders", True, Name("Austria")), Step("member", True, Name("NATO"))),
        ),
        (
            "Compare Austria with Chad: what is the capital of the one with the larger total area?",
            Step("capital", False, Winner("area", True, Name("Austria"), Name("Chad"))),
        ),
    ],
)
def test_plans(question: str, goal: object):
    assert FACTBOOK.plan(question) == goal


def test_where_a_fact_stands():
    unknown = Unknown("Austria", "capital")
    assert "Austria: Government - capital" in FACTBOOK.pages(unknown, "Austria")
    assert FACTBOOK.pages(unknown, "Austria")[-1] == "Austria"
    assert FACTBOOK.is_page("Austria: Government", "Austria")
    assert FACTBOOK.list_query(unknown, "Austria") == "Field listing: Capital Austria"
    assert FACTBOOK.question(unknown, "Austria") == "What is the capital of Austria?"
