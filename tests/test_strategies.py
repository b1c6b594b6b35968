"""Strategies in a loop of one's own."""

from __future__ import annotations

import json

import pytest

from berrypick.errors import BadInput
from berrypick.strategies import Tally


def outcome(strategy: str, grounded: bool = True, query: str | None = "a b", moves: str = "") -> dict:
    return {
        "grounded": grounded, "em": grounded, "strategy": [strategy], "moves": [moves or strategy], "searches": 2,
        "first_query": query,
    }  # fmt: skip


def test_by_hand():
    tally = Tally(ceiling=3.0)
    for question in range(4):
        tally.add_outcome(outcome("x"), question)
        tally.add_outcome(outcome("x", query="b a"), question)
        tally.add_outcome(outcome("y", query="c"), question)
    tally.add_outcome(outcome("z", grounded=False, query=None), 9)
    found = tally.flush()
    # Each question: counts 2 and 1 of 3: 2 / 6 = 1/3 alike, so D2 = 3 and the share (3 - 1) / (3 - 1).
    assert found["strategies_D2"] == pytest.approx(3.0) and found["D2_share"] == pytest.approx(1.0)
    assert found["determinism"] == pytest.approx(1 / 3) and found["first_query_duplicates"] == pytest.approx(1 / 3)
    assert found["dominant_share"] == pytest.approx(8 / 12) and found["grounded"] == pytest.approx(12 / 13)
    assert (found["episodes"], found["searches"]) == (13.0, 2.0)
    assert tally.flush() == {}


def test_too_few_questions_say_nothing():
    tally = Tally()
    for _ in range(20):
        tally.add_outcome(outcome("x"), "one question")
    found = tally.flush()
    assert found["strategies_D2"] is None and found["determinism"] is None and found["D2_share"] is None
    assert found["EM"] == 1.0


def test_it_crosses_processes():
    one, two, both = Tally(), Tally(), Tally()
    for number in range(6):
        for strategy in "xxy":
            (one if number % 2 else two).add_outcome(outcome(strategy), ("task", number))
            both.add_outcome(outcome(strategy), ("task", number))
    one.load(json.loads(json.dumps(two.dump())))
    assert one.flush() == both.flush()


def test_mistakes_are_named():
    with pytest.raises(BadInput, match="field 'ceiling'"):
        Tally(ceiling=1.0)
    with pytest.raises(BadInput, match="field 'strategy'"):
        Tally().add_outcome({"grounded": True, "em": True}, 0)
