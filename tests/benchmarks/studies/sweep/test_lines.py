"""What the steps of a trial say, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.studies.sweep import lines as sweep_lines
from berrypick.benchmarks.studies.sweep.lines import mean, refined_right, rise


def test_the_end_of_training_is_the_last_ten_steps_that_have_a_value():
    """Of ten steps one has no ways: (2 + ... + 10) / 9 = 6."""
    assert mean([*map(float, range(2, 11)), None]).value == pytest.approx(6)
    assert mean([None]) == BLANK


def test_a_rise_is_the_last_ten_steps_less_the_first():
    """Twelve steps: 2 to 11, of which 11 has no value, less 0 to 9: 6 - 4.5."""
    assert rise([*map(float, range(11)), None]).value == pytest.approx(1.5)
    assert rise([None] * 12) == BLANK


def test_refinements_count_by_groups(line: Callable[..., Line]):
    """All right in a quarter of the groups, one in ten in three quarters: (.25 + .075) / 1."""
    lines = [
        line(0, refinement={"groups": 0.25, "tokens": 9.0, "solved": 1.0}),
        line(1, refinement={"groups": 0.0, "tokens": 0.0}),
        line(2, refinement={"groups": 0.75, "tokens": 9.0, "solved": 0.1}),
    ]
    assert refined_right(lines).value == pytest.approx(0.325)
    assert refined_right([line(0)]) == BLANK


def test_how_episodes_go(line: Callable[..., Line]):
    """Of 60 tokens in 4 episodes 30 plan and 6 are within phrases; two steps, the first only of ten last ones' mean."""
    lines = [line(0, tokens=60, episodes=4, tokens_planning=30, tokens_strategic=6, searches=1.0)]
    lines += [line(1, tokens=100, episodes=4, tokens_planning=30, tokens_strategic=None, searches=2.0)]
    found = {name: value.value for name, value in sweep_lines.measures(lines).items()}
    assert (found["tokens_late"], found["searches_late"], found["strategic_late"]) == (20.0, 1.5, 0.1)
    assert found["planned_late"] == pytest.approx((0.5 + 0.3) / 2)
    assert sweep_lines.measures([]) == {}


def test_what_critics_and_reflection_know_may_drift(line: Callable[..., Line]):
    lines = [line(n, critic_auc=0.8 - n / 100, reflection={"rank_r3": n / 10}) for n in range(20)]
    found = sweep_lines.measures(lines)
    # Means of ten steps each, ten apart: -.1 and 1.
    assert (found["critic_rise"].value, found["rank_rise"].value) == (pytest.approx(-0.1), pytest.approx(1.0))
