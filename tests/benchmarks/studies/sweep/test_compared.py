"""What trials cost and what that bought, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from berrypick.agents.training.config import Config
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.result import QuestionResult, Result
from berrypick.benchmarks.studies.sweep.compared import at_equal_tokens, compared, costs, if_spared
from berrypick.benchmarks.studies.sweep.config import START, Trial
from berrypick.benchmarks.studies.sweep.trials import TrialState

CONFIG = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0")
DEV, TEST, CHANGED = 0, 1, 2


def question(cell: int, name: str, correct: int) -> QuestionResult:
    return QuestionResult(cell, name, "bridge", 2, 4, 0, correct, (), {}, {})


@pytest.fixture
def ran(make_result: Callable[..., Result]) -> Callable[..., TrialState]:
    """``ran(method, seed, lines, correct)``: right answers in four at each question of the dev cell, in order."""

    def make(
        method: str, seed: int, lines: Sequence[Line] = (), correct: Sequence[int] = (), **more: Any
    ) -> TrialState:
        run = make_result("lm:policy", 0.5)
        dev, test = (
            msgspec.structs.replace(run.cells[0], setup=run.cells[0].setup | {"split": split})
            for split in ("dev", "test")
        )
        changed = msgspec.structs.replace(dev, knockouts=("no_open",))
        questions = [question(DEV, f"q{number}", count) for number, count in enumerate(correct)]
        questions += more.get("others", [])
        run = msgspec.structs.replace(run, cells=(dev, test, changed), questions=tuple(questions))
        config = None if method == START else CONFIG
        trial = Trial("text", method, seed, "collapse", "lm", "x", config)
        return TrialState(trial, list(lines), None if more.get("missing") else run, None, more.get("before", 0))

    return make


def test_costs_are_multiples_over_the_steps_that_both_have(ran: Callable[..., TrialState], line: Callable[..., Line]):
    """Ours 150 tokens and a refinement of 50 that nothing else counts: 200 against 100 a step; 3 s against 1.5 s."""
    ours = [
        line(n, tokens=150, refinement={"tokens": 50.0}, seconds_rollout=3.0, seconds_update=1.0,
             seconds_other=0.0) for n in range(2)
    ]  # fmt: skip
    base = [line(n, tokens=100, seconds_rollout=1.5, seconds_update=2.0, seconds_other=0.5) for n in range(2)]
    base.append(line(2, tokens=10**6, seconds_rollout=99.0))
    found = costs(ran("r3", 0, ours), ran("grpo", 0, base))
    assert found == {"cost_tokens": 2.0, "cost_rollout": 2.0, "cost_update": 0.5, "cost_step": 1.0}


def test_what_was_generated_before_the_first_step_counts(ran: Callable[..., TrialState], line: Callable[..., Line]):
    """50 for critics and 100 in a step, against 100; with a budget of 160 there is one step of two."""
    lines = [line(n, tokens=100, reward=float(n)) for n in range(2)]
    assert costs(ran("alphallm", 0, lines[:1], before=50), ran("grpo", 0, lines))["cost_tokens"] == 1.5
    for before, steps in ((50, 1), (60, 1), (61, 0), (161, 0)):
        found = at_equal_tokens(ran("alphallm", 0, lines, before=before), 160)
        assert found.get("reward_at_equal_tokens") == (0.0 if steps else None)


def test_at_equal_tokens_the_last_steps_within_the_budget_count(
    ran: Callable[..., TrialState], line: Callable[..., Line]
):
    """Ten a step, budget 75: seven steps; the last five of them are 2 to 6, mean reward .4, of unsolved .5 and .7."""
    unsolved = [None, None, None, 0.5, None, 0.7, None, 1.0]
    lines = ran("grpo", 0, [line(n, tokens=10, reward=n / 10, unsolved=unsolved[n]) for n in range(8)])
    found = at_equal_tokens(lines, 75)
    assert found == pytest.approx({"reward_at_equal_tokens": 0.4, "unsolved_at_equal_tokens": 0.6})
    assert at_equal_tokens(lines, 80)["unsolved_at_equal_tokens"] == pytest.approx((0.5 + 0.7 + 1.0) / 3)
    assert at_equal_tokens(lines, 9) == {}, "not one step"


def test_what_a_filter_that_knew_would_have_spared(ran: Callable[..., TrialState], line: Callable[..., Line]):
    """Twenty a step, ten of them dropped: of a budget of 40 two steps are paid for, without the dropped ones four."""
    lines = [line(n, tokens=20, tokens_dropped=10, reward=n / 10) for n in range(6)]
    run = ran("r3+r3_filter", 0, lines)
    assert at_equal_tokens(run, 40)["reward_at_equal_tokens"] == pytest.approx(0.05)
    assert if_spared(run, 40) == pytest.approx({"reward_if_spared": (0 + 0.1 + 0.2 + 0.3) / 4})
    assert if_spared(run, 9) == {} == if_spared(ran("r3", 0, [line(0, tokens=20, tokens_dropped=0)]), 40)


def test_the_leanest_of_a_seed_sets_its_budget(ran: Callable[..., TrialState], line: Callable[..., Line]):
    """grpo spends 40 in four steps; the other twice as much a step: its first two count. A trial of another seed, or
    one that is not evaluated, has no say.
    """
    base = ran("grpo", 0, [line(n, tokens=10, reward=n / 10) for n in range(4)])
    twice = ran("kl_cov", 0, [line(n, tokens=20, reward=n / 10) for n in range(4)])
    others = [ran("kl_cov", 1, [line(0, tokens=1)]), ran("r3", 0, [line(0, tokens=1)], missing=True)]
    found = compared([base, twice, *others])
    assert found["grpo", 0]["reward_at_equal_tokens"].value == pytest.approx(0.15)
    assert found["kl_cov", 0]["reward_at_equal_tokens"].value == pytest.approx(0.05)
    assert found["kl_cov", 0]["cost_tokens"].value == 2.0
    assert "cost_tokens" not in found["kl_cov", 1] and ("r3", 0) not in found


def test_questions_are_never_solved_by_trials_of_other_seeds(ran: Callable[..., TrialState]):
    """Right answers in four, at q0 to q3. For seed 0 those that seed 1 and 2 never solve are q0 and q2, for seed 1 q0
    and q3, for seed 2 q0.
    """
    base = [
        ran("grpo", seed, correct=correct) for seed, correct in enumerate([(0, 1, 2, 0), (0, 3, 0, 1), (0, 0, 0, 0)])
    ]
    other = [ran("kl_cov", 0, correct=(1, 4, 2, 4)), ran("kl_cov", 3, correct=(4, 4, 4, 4))]
    found = {
        key: value.get("never_dev")
        for key, value in compared([*base, *other, ran(START, 0, correct=(2, 0, 0, 0))]).items()
    }
    # grpo itself: 0/4 and 2/4; 0/4 and 1/4; 0/4. It is held to the same questions as the others of its seed.
    assert [found["grpo", seed] and found["grpo", seed].value for seed in range(3)] == [0.25, 0.125, 0.0]  # type: ignore[union-attr]
    assert found["kl_cov", 0] is not None and found["kl_cov", 0].value == 0.375
    assert found["kl_cov", 3] is not None and found["kl_cov", 3].value == 1.0, "q0, which no seed solves"
    assert found[START, 0] is not None and found[START, 0].value == 0.25


def test_one_seed_of_the_baseline_chooses_no_questions_for_itself(ran: Callable[..., TrialState]):
    found = compared([ran("grpo", 0, correct=(0, 0)), ran("kl_cov", 0, correct=(1, 1))])
    assert all("never_dev" not in own for own in found.values())


def test_changed_cells_and_other_splits_are_kept_apart(ran: Callable[..., TrialState]):
    others = [question(CHANGED, "q0", 4), question(TEST, "q0", 3)]
    base = [ran("grpo", seed, correct=(0,), others=[question(TEST, "q0", 0)]) for seed in range(2)]
    found = compared([*base, ran("kl_cov", 0, correct=(1,), others=others)])["kl_cov", 0]
    assert (found["never_dev"].value, found["never_test"].value) == (0.25, 0.75)
