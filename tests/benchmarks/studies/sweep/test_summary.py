"""Numbers over seeds, worked out by hand."""

from __future__ import annotations

import math

import msgspec
import pytest

from berrypick.agents.training.config import Config
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.studies.sweep import summary
from berrypick.benchmarks.studies.sweep.config import START, Trial
from berrypick.benchmarks.studies.sweep.summary import NOTHING, Spread, better, rows, spread, t_interval
from berrypick.benchmarks.studies.sweep.trials import TrialState


def value(number: float) -> Value:
    return Value(number, number - 0.1, number + 0.2, 100)


def test_the_t_interval_of_three_values():
    """Mean .5, s = .1, t(.975, 2) = 4.3027: half width 4.3027 * .1 / sqrt(3) = .24842."""
    low, high = t_interval([0.4, 0.5, 0.6]) or (math.nan, math.nan)
    assert (low, high) == pytest.approx((0.25158, 0.74842), abs=1e-5)
    # t(.975, 1) = 12.706, s = .07071: 12.706 * .07071 / 1.41421 = .63531.
    assert t_interval([0.4, 0.5]) == pytest.approx((0.45 - 0.63531, 0.45 + 0.63531), abs=1e-5)
    assert t_interval([0.4]) is None and t_interval([]) is None


def test_one_seed_has_the_interval_of_its_questions_and_no_verdict():
    assert spread([value(0.5)]) == Spread(0.5, 0.4, 0.7, 1, "questions")
    assert spread([value(0.5)]).sign == 0, "not over seeds, though it excludes 0"
    assert spread([Value(0.5, None, None, 0)]).over == ""
    assert spread([BLANK, BLANK]) == spread([]) == NOTHING


def test_seeds_without_a_value_are_left_out_and_counted():
    found = spread([value(0.4), BLANK, value(0.6)])
    assert (found.value, found.n, found.over) == (pytest.approx(0.5), 2, "seeds")


def test_a_sign_needs_an_interval_that_excludes_nothing():
    assert spread([value(0.1), value(0.11), value(0.12)]).sign == 1
    assert spread([value(-0.1), value(-0.11), value(-0.12)]).sign == -1
    assert spread([value(0.1), value(-0.11), value(0.12)]).sign == 0


def test_what_is_better():
    names = ("EM_dev", "pass@16_test", "strategies_D2_dev", "resilience_no_open", "resilience_mean")
    assert [better(name) for name in names] == [1] * 5
    assert (better("dominant_share_test"), better("entropy_at_end"), better("ways_at_end")) == (-1, 0, 1)
    assert (better("never_test"), better("reward_at_equal_tokens"), better("cost_tokens")) == (1, 1, 0)
    assert better("unsolved_at_equal_tokens") == -1


def test_methods_are_held_against_the_baseline_seed_by_seed(monkeypatch: pytest.MonkeyPatch):
    """Seeds differ by .3, methods by .04, .05 and .06 within a seed: s of the differences is .01.

    Mean .05, half width 4.3027 * .01 / sqrt(3) = .02484. A fourth seed that the baseline lacks plays no part.
    """
    numbers = {
        (START, 0): 0.5, ("grpo", 0): 0.1, ("grpo", 1): 0.4, ("grpo", 2): 0.7,
        ("gppo", 0): 0.14, ("gppo", 1): 0.45, ("gppo", 2): 0.76, ("gppo", 3): 0.9,
    }  # fmt: skip
    config = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0")
    runs = [
        TrialState(
            Trial("text", method, seed, "collapse", "lm", "x", None if method == START else config), [], None, None
        )
        for method, seed in numbers
    ]
    monkeypatch.setattr(summary, "measures", lambda run: {"EM_dev": value(numbers[run.trial.method, run.trial.seed])})
    start, grpo, gppo = rows(runs)
    assert (start.method, start.measures["EM_dev"].over, start.less, grpo.less) == (START, "questions", {}, {})
    assert (gppo.trials, gppo.runs, gppo.measures["EM_dev"].n) == (4, 4, 4)
    less = gppo.less["EM_dev"]
    assert (less.value, less.low, less.high) == pytest.approx((0.05, 0.02516, 0.07484), abs=1e-5)
    assert (less.n, less.sign) == (3, 1)
    # Not paired, the interval over three seeds is thirty times as wide: s = .31, half width .77.
    assert grpo.measures["EM_dev"].low == pytest.approx(0.4 - 4.3027 * 0.3 / math.sqrt(3), abs=1e-4)


def test_measures_of_several_cells_are_blank_where_one_is():
    assert summary._mean([value(0.2), value(0.4)]) == Value(pytest.approx(0.3), None, None, 0)
    assert summary._mean([value(0.2), BLANK]).value is None
    assert summary._mean([value(0.2)]) == value(0.2)
    assert msgspec.to_builtins(BLANK)["value"] is None
