"""The echo-chamber table by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick.agents.training.run_dir import OTHER, Line
from berrypick.benchmarks.studies.collapse.amplification import amplification, shares


def test_steps_weigh_by_their_grounded_successes(line: Callable[..., Line]):
    # 40 and 10 grounded successes: a has 40 * .5 + 10 * 1 = 30 of 50.
    lines = [
        line(1, strategies={"a": 0.5, "b": 0.5}, grounded=0.4, episodes=100),
        line(2, strategies={"a": 1.0}, grounded=0.1, episodes=100),
    ]
    assert shares(lines) == {"a": pytest.approx(0.6), "b": pytest.approx(0.4)}
    assert shares([line(1, strategies={}, grounded=0.0)]) == {}


def test_who_grew_and_who_won(line: Callable[..., Line]):
    start, end = {"a": 0.6, "b": 0.3, OTHER: 0.1}, {"b": 0.9, "c": 0.1}
    lines = [line(step, strategies=start if step < 4 else end) for step in range(8)]
    found = amplification(lines)
    assert found.ends == 3 and found.other == (pytest.approx(0.1), 0.0)
    assert [(row.strategy, row.rank) for row in found.rows] == [("b", 2), ("c", None), ("a", 1)]
    assert [row.ratio for row in found.rows] == [pytest.approx(3), None, 0.0]


def test_the_ends_do_not_overlap(line: Callable[..., Line]):
    lines = [line(step, strategies={name: 1.0}) for step, name in enumerate("abc")]
    found = amplification(lines)
    # Three steps leave one at either end.
    assert found.ends == 1 and [(row.strategy, row.start, row.end) for row in found.rows] == [("c", 0, 1), ("a", 1, 0)]


def test_rare_strategies_are_not_listed(line: Callable[..., Line]):
    lines = [line(step, strategies={"a": 0.995, "b": 0.005}) for step in range(6)]
    assert [row.strategy for row in amplification(lines).rows] == ["a"]


def test_an_end_without_success_has_no_table(line: Callable[..., Line]):
    lines = [line(0, strategies={}, grounded=0.0), line(1, strategies={"a": 1.0})]
    assert amplification(lines).rows == ()
