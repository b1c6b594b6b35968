"""The exponential law: recovered where it holds, refused where there is nothing to fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.studies.collapse.entropy_law import Fit, Law, law, points


def falling(steps: int) -> np.ndarray:
    return 0.5 * np.exp(-np.arange(steps) / 15) + 0.05


def test_the_law_is_recovered_and_predicts():
    entropy = falling(40)
    fit = law(entropy, 0.9 - 0.3 * np.exp(entropy))
    assert fit.fit == Fit(pytest.approx(0.3), pytest.approx(0.9)) and fit.r2 == pytest.approx(1)
    # 15 % of 40 steps are 6.
    assert fit.reason == "" and fit.early is not None and fit.early.steps == 6
    assert fit.early.fit == Fit(pytest.approx(0.3), pytest.approx(0.9))
    assert fit.early.rmse == pytest.approx(0, abs=1e-9) and fit.early.final == pytest.approx(0, abs=1e-9)


def test_noise_costs_little():
    entropy = falling(200)
    reward = 0.9 - 0.3 * np.exp(entropy) + 0.01 * seeding.rng(0, "bootstrap", 0).standard_normal(200)
    fit = law(entropy, reward)
    assert fit.fit == Fit(pytest.approx(0.3, rel=0.05), pytest.approx(0.9, rel=0.05))
    assert fit.early is not None and fit.early.rmse < 0.03


def test_a_prediction_that_fails_says_by_how_much():
    # Reward follows the law for 10 of 40 steps, then stands .1 below it.
    entropy = falling(40)
    reward = 0.9 - 0.3 * np.exp(entropy)
    reward[10:] -= 0.1
    early = law(entropy, reward).early
    # Of the 34 later steps 30 are .1 too high.
    assert early is not None and early.final == pytest.approx(0.1)
    assert early.rmse == pytest.approx(math.sqrt(30 / 34) * 0.1)


@pytest.mark.parametrize(
    ("entropy", "reward", "reason"),
    [
        ([0.5, 0.4, 0.3], [0.1, 0.2, 0.3], "there are 3 steps, fewer than 4"),
        ([0.50, 0.48, 0.47, 0.46], [0.1, 0.2, 0.3, 0.4], "entropy hardly moved: from 0.460 to 0.500 nats"),
        ([0.0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5], "entropy hardly moved: from 0.000 to 0.000 nats"),
        ([0.5, 0.4, 0.3, 0.2], [0.5] * 4, "reward did not move"),
    ],
)
def test_what_cannot_be_fitted_says_why(entropy: list[float], reward: list[float], reason: str):
    fit = law(np.array(entropy), np.array(reward))
    assert fit == Law(reason)


def test_too_few_first_steps_make_no_prediction():
    # 15 % of 20 steps are 3.
    entropy = falling(20)
    fit = law(entropy, 0.9 - 0.3 * np.exp(entropy))
    assert fit.fit is not None and fit.fit.a == pytest.approx(0.3) and fit.early is None


def test_entropy_that_stands_still_at_first_makes_no_prediction():
    entropy = np.array([0.5] * 6 + [0.4, 0.3, 0.2, 0.1] * 8)
    assert law(entropy, 0.9 - 0.3 * np.exp(entropy)).early is None


def test_points_are_trailing_means_of_steps_that_have_both(line: Callable[..., Line]):
    entropy, reward = points([line(0, entropy=None, reward=0.2), line(1, entropy=0.4, reward=0.4)])
    assert list(entropy) == [0.4] and list(reward) == pytest.approx([0.3])
    assert points([line(0, entropy=None)])[0].shape == (0,)
