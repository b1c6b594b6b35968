"""Alarms at steps worked out by hand, and silence where nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from berrypick import seeding
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.studies.collapse.alarms import (
    ALARMS,
    FALLS,
    PHASES,
    Watch,
    above,
    falling,
    fired,
    lost,
    smooth,
)


def test_trailing_means_know_nothing_of_later_steps():
    # The window of 5 is filled from the sixth value on.
    assert smooth([1, 2, 3, 4, 5, 6, 100]) == [1, 1.5, 2, 2.5, 3, 4, pytest.approx((3 + 4 + 5 + 6 + 100) / 5)]
    assert smooth([None, 2.0, None, 4.0]) == [None, 2.0, 2.0, 3.0]
    assert smooth([1.0, *[None] * 5]) == [1.0] * 5 + [None]


def test_half_is_lost_when_the_trailing_mean_says_so():
    # Ten steps at 1, then 0: the mean is .8, .6, .4 at places 10, 11, 12.
    assert lost(0.5)([1.0] * 10 + [0.0] * 5) == 12
    # Exactly half is not less than half.
    assert lost(0.5)([1.0] * 10 + [0.5] * 50) is None


def test_what_is_lost_is_lost_of_the_highest_so_far():
    # Means: .2 at first, 1 at place 14, then .14 less each: .86 and .72, by which a fifth of 1 is lost.
    rising = [0.2] * 10 + [1.0] * 5 + [0.3] * 5
    assert smooth(rising)[14:17] == pytest.approx([1.0, 0.86, 0.72])
    assert lost(0.2)(rising) == 16
    assert lost(0.5)([0.2, 0.4, 0.6, 0.8, 1.0]) is None


def test_a_level_is_passed_by_the_trailing_mean():
    # One outlier of 1 among zeros is a mean of at most .5, at place 1.
    assert above(0.6)([0.0, 1.0, 0.0, 0.0]) is None
    # Zeros, then ones from place 5: means .2, .4, .6, .8.
    assert above(0.6)([0.0] * 5 + [1.0] * 5) == 8
    assert above(0.6)([1.0]) == 0


def test_likelihood_must_fall_for_more_than_twenty_steps():
    # Level until place 9, falling from place 10 on: the mean of place 10 is the first below that of place 5, and the
    # 21st in a row is that of place 30.
    steady = [-1.0] * 10 + [-1.0 - 0.1 * i for i in range(1, 31)]
    assert falling(steady) == 30
    assert falling(steady[:30]) is None
    # A rise in the middle starts the count anew: the mean of place 20 is the first that is not below.
    interrupted = [*steady[:20], *[0.0] * 5, *steady[25:]]
    assert falling(interrupted) is None


def test_a_gap_that_hides_the_mean_starts_the_count_anew():
    values = [-1.0] * 10 + [-1.0 - 0.1 * i for i in range(1, 31)]
    assert falling([*values[:20], *[None] * 5, *values[25:]]) is None


@pytest.mark.parametrize("watches", [ALARMS, FALLS, PHASES])
def test_flat_and_noisy_runs_raise_no_alarm(watches: Mapping[str, Watch], line: Callable[..., Line]):
    flat = [line(step) for step in range(300)]
    assert set(fired(flat, watches).values()) == {None}
    for seed in range(20):
        noise = seeding.rng(seed, "bootstrap", 0).normal(1, 0.1, (300, 8))
        noisy = [
            line(
                step, entropy=0.4 * a, group_variance=0.2 * b, logprob_correct=-0.3 * c, dominant_share=0.4 * d,
                reward=0.5 * e, strategies_D2=1 + 2 * f, entropy_planning=0.4 * g, entropy_execution=0.4 * h,
            )
            for step, (a, b, c, d, e, f, g, h) in enumerate(noise.tolist())
        ]  # fmt: skip
        assert set(fired(noisy, watches).values()) == {None}, seed


def test_alarms_give_the_step_not_the_place(line: Callable[..., Line]):
    lines = [line(100 + step, entropy=1.0 if step < 10 else 0.0) for step in range(20)]
    assert fired(lines, ALARMS) == {"entropy": 112, "variance": None, "likelihood": None, "dominance": None}


def test_only_strategies_beyond_the_first_can_be_lost(line: Callable[..., Line]):
    # From 3 to 1.8 effective strategies: of 2 beyond the first, 1.2 are lost; the mean is below 2 from place 14 on.
    lines = [line(step, strategies_D2=3.0 if step < 10 else 1.8) for step in range(20)]
    assert smooth([each.strategies_D2 for each in lines])[13:15] == pytest.approx([3 - 1.2 * 4 / 5, 1.8])
    assert fired(lines, FALLS) == {"reward": None, "strategies": 14}
    assert fired([line(step, strategies_D2=None) for step in range(20)], FALLS)["strategies"] is None
