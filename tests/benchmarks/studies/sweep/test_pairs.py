"""Pairs of trials that share a seed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from berrypick.agents.methods import METHODS, make
from berrypick.agents.methods.method import Addition
from berrypick.agents.training.config import Config
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.studies.sweep import pairs as sweep_pairs
from berrypick.benchmarks.studies.sweep.config import START, Trial
from berrypick.benchmarks.studies.sweep.pairs import ALONE, CONTROLS, added, averaged, between, controlled, parts
from berrypick.benchmarks.studies.sweep.trials import TrialState

Numbers = Mapping[tuple[str, int], float | None]


def runs(numbers: Numbers, track: str = "text", start: str = "a", steps: int = 40) -> list[TrialState]:
    config = Config("grpo", start, "berrypick/Almanac-v0", steps=steps)
    return [
        TrialState(Trial(track, name, seed, "collapse", "lm", start, None if name == START else config), [], None, None)
        for name, seed in numbers
    ]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch):
    """``measured(numbers, track)``: EM in dev worlds of each trial; None where it is not evaluated."""
    known: dict[tuple[str, str, int], float | None] = {}

    def by_seed(some: list[TrialState]) -> dict[str, dict[int, dict[str, Value]]]:
        found: dict[str, dict[int, dict[str, Value]]] = {}
        for run in some:
            value = known[run.trial.track, run.trial.method, run.trial.seed]
            own = found.setdefault(run.trial.method, {})
            if value is not None:
                own[run.trial.seed] = {"EM_dev": Value(value, None, None, 0)}
        return found

    monkeypatch.setattr(sweep_pairs, "by_seed", by_seed)
    monkeypatch.setattr(sweep_pairs, "measures", lambda run: by_seed([run])[run.trial.method].get(run.trial.seed, {}))

    def make(numbers: Numbers, track: str = "text", **more) -> list[TrialState]:
        known.update({(track, *key): value for key, value in numbers.items()})
        return runs(numbers, track, **more)

    return make


def test_the_parts_of_a_name():
    assert parts("grpo") == frozenset() and parts("grpo+critique_grpo") == {"critique_grpo"}
    assert parts("kl_cov(ratio=1e+0, beta=2)+r3") == {"kl_cov(ratio=1e+0,beta=2)", "r3"}


def test_an_addition_is_held_against_the_same_without_it(measured):
    """Critique adds .1 and .2 to grpo, .3 to kl_cov where one seed is missing; hicra stands alone and is no pair."""
    some = measured(
        {
            (START, 0): 0.2, ("grpo", 0): 0.5, ("grpo", 1): 0.4, ("grpo+critique_grpo", 0): 0.6,
            ("grpo+critique_grpo", 1): 0.6, ("kl_cov", 0): 0.3, ("kl_cov", 1): 0.1, ("kl_cov+critique_grpo", 0): 0.6,
            ("kl_cov+critique_grpo", 1): None, ("hicra", 0): 0.9,
            ("critique_grpo", 0): 0.9,  # on dr_grpo, which is not there
        }
    )  # fmt: skip
    found = {(pair.what, pair.where): pair for pair in added(some)}
    assert list(found) == [
        ("critique_grpo", "grpo"), ("critique_grpo", "kl_cov"), ("kl_cov", "grpo"), ("kl_cov", "grpo+critique_grpo"),
    ]  # fmt: skip
    less = found["critique_grpo", "grpo"].less["EM_dev"]
    # Mean .15, s = .0707, t(.975, 1) = 12.706: half width .6353.
    assert (less.value, less.low, less.n) == (pytest.approx(0.15), pytest.approx(0.15 - 0.6353, abs=1e-4), 2)
    pair = found["critique_grpo", "kl_cov"]
    assert (pair.seeds, pair.less["EM_dev"].n, pair.less["EM_dev"].value) == (2, 1, pytest.approx(0.3))
    assert found["kl_cov", "grpo+critique_grpo"].less["EM_dev"].value == pytest.approx(0.0)


def test_what_is_named_alone_stands_on_its_own_base(measured):
    """Critique adds .1 to grpo and .3 to dr_grpo, mean .2; as much compute .2 to dr_grpo, .1 less."""
    some = measured(
        {
            ("grpo", 0): 0.5, ("grpo+critique_grpo", 0): 0.6, ("dr_grpo", 0): 0.4, ("critique_grpo", 0): 0.7,
            ("grpo+more_rollouts", 0): 0.5, ("more_rollouts", 0): 0.6,
        }
    )  # fmt: skip
    by_hand = {("critique_grpo", "grpo"): 0.1, ("critique_grpo", "dr_grpo"): 0.3, ("more_rollouts", "dr_grpo"): 0.2}
    found = {(pair.what, pair.where): pair.less["EM_dev"].value for pair in added(some)}
    assert {key: found[key] for key in by_hand} == pytest.approx(by_hand)
    assert {pair.what: pair.less["EM_dev"].value for pair in averaged(some)}["critique_grpo"] == pytest.approx(0.2)
    held = {(pair.what, pair.where): pair.less["EM_dev"].value for pair in controlled(some)}
    assert held["critique_grpo less more_rollouts", "dr_grpo"] == pytest.approx(0.1)


def test_the_mean_over_what_an_addition_stands_on(measured):
    """Critique adds .1 to grpo and .3 to kl_cov with seed 0: .2; .2 and 0 with seed 1: .1; of seed 2 one is missing."""
    some = measured(
        {
            ("grpo", 0): 0.5, ("grpo", 1): 0.4, ("grpo", 2): 0.4, ("grpo+critique_grpo", 0): 0.6,
            ("grpo+critique_grpo", 1): 0.6, ("grpo+critique_grpo", 2): 0.9, ("kl_cov", 0): 0.3, ("kl_cov", 1): 0.1,
            ("kl_cov", 2): 0.1, ("kl_cov+critique_grpo", 0): 0.6, ("kl_cov+critique_grpo", 1): 0.1,
            ("kl_cov+critique_grpo", 2): None,
        }
    )  # fmt: skip
    pairs = {pair.what: pair for pair in averaged(some)}
    assert list(pairs) == ["critique_grpo", "kl_cov"] and pairs["critique_grpo"].where == "grpo and kl_cov"
    less = pairs["critique_grpo"].less["EM_dev"]
    assert (less.value, less.n, pairs["critique_grpo"].seeds) == (pytest.approx(0.15), 2, 3)
    # s = .0707, t(.975, 1) = 12.706
    assert less.low == pytest.approx(0.15 - 0.6353, abs=1e-4)


def test_a_method_is_held_against_its_controls_on_the_same_ground(measured):
    """Noise stands on grpo alone, so that critique_grpo on kl_cov has no control; hicra's has one of its two seeds."""
    some = measured(
        {
            (START, 0): 0.2, ("grpo+critique_grpo", 0): 0.6, ("grpo+critique_noise", 0): 0.5,
            ("kl_cov+critique_grpo", 0): 0.9, ("hicra", 0): 0.5, ("hicra", 1): 0.6, ("hicra_random", 0): 0.4,
            ("hicra_random", 1): None,
        }
    )  # fmt: skip
    found = [(pair.what, pair.where, pair.seeds, pair.less["EM_dev"].value) for pair in controlled(some)]
    assert found == [
        ("critique_grpo less critique_noise", "grpo", 1, pytest.approx(0.1)),
        ("hicra less hicra_random", "grpo", 2, pytest.approx(0.1)),
    ]


def test_controls_are_methods():
    for name, controls in CONTROLS.items():
        assert all(make(each).name for each in (name, *controls))


def test_starts_are_held_against_each_other_method_by_method(measured):
    one = measured({("grpo", 0): 0.5, ("grpo", 1): 0.6, ("r3", 0): 0.9}, "diverse", start="a")
    other = measured({("grpo", 0): 0.4, ("grpo", 1): 0.3}, "narrow", start="b")
    (pair,) = between({"diverse": one, "narrow": other})
    assert (pair.what, pair.where, pair.seeds) == ("diverse less narrow", "grpo", 2)
    assert pair.less["EM_dev"].value == pytest.approx(0.2)


@pytest.mark.parametrize("more", [{"start": "a"}, {"start": "b", "steps": 41}])
def test_tracks_that_differ_in_more_or_less_than_their_start_are_left_alone(measured, more):
    one = measured({("grpo", 0): 0.5}, "one", start="a")
    other = measured({("grpo", 0): 0.4}, "other", **more)
    assert between({"one": one, "other": other}) == []


def test_bases_of_methods_that_are_named_alone_are_those_of_the_registry():
    stands = {name: made.alone for name in METHODS if isinstance(made := METHODS[name](), Addition) and made.alone}
    assert dict(ALONE) == stands
