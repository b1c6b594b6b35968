"""A step's line by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch

from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.training import step_metrics
from berrypick.agents.training.learner import RolloutBatch
from berrypick.agents.training.run_dir import OTHER, Line
from berrypick.agents.training.step_metrics import Seconds, describe
from berrypick.agents.training.update_stats import Update
from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Answer
from berrypick.envs.scoring.outcome import Outcome
from berrypick.envs.scoring.trace import Trace, Turn

THINK, TOOL, QUERY, ANSWER = range(len(TOKEN_TYPES))
UPDATE = Update(0.1, 2.0, 0.02, 0.01, 0.003, 0.004)
A, B = ("bm25/asked/names:full", "answer"), ("dense/asked/words", "answer")


def outcome(strategy: tuple[str, ...] | None = None, query: str | None = "x y", **fields: Any) -> Outcome:
    """A grounded success by a strategy; without one, a miss."""
    right = strategy is not None
    made = Outcome(
        em=right, f1=float(right), answered=True, grounded=right, supported=right, hops=1, hops_found=1,
        first_shown=(0,), route=(None,), strategy=strategy or ("answer",), raw_moves=(), fine=(), evidence=(),
        first_query=query, searches=1, opens=0, invalid=0, tokens=1,
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def batch_of(rewards: list[float], groups: list[int]) -> Batch:
    """Three tokens an episode: a tool, a query and one that the environment wrote."""
    n = len(rewards)
    return Batch(
        reward=torch.tensor(rewards),
        group=torch.tensor(groups),
        strategy_id=torch.zeros(n, dtype=torch.int64),
        mask=torch.tensor([[True, True, False]] * n),
        old_logprobs=torch.tensor([[-1.0, -2.0, float("nan")]] * n),
        entropy=torch.tensor([[0.2, 0.6, float("nan")]] * n),
        token_type=torch.tensor([[TOOL, QUERY, ANSWER]] * n),
        turn=torch.zeros(n, 3, dtype=torch.int64),
        planning=torch.tensor([[True, False, True]] * n),
        uniform=torch.zeros(n, 3),
    )


def test_planning_execution_and_what_was_not_trained_on(trace: Trace):
    """Two tokens an episode, of entropy .2 and .6; the first plans. The second group is dropped, half of the first."""
    batch = replace(batch_of([1, 0, 1], [5, 5, 9]), extra={"strategic": torch.tensor([[False, True, True]] * 3)})
    found = line_of(trace, batch, [outcome()] * 3, keep=[True, False, False])
    assert (found.entropy_planning, found.entropy_execution) == (pytest.approx(0.2), pytest.approx(0.6))
    assert (found.tokens_planning, found.tokens_strategic, found.tokens_dropped) == (3, 3, 2)
    assert line_of(trace, batch_of([1], [5]), [outcome()]).tokens_strategic is None


def test_reflection_is_measured_where_there_is_some(trace: Trace):
    batch = batch_of([1, 0], [5, 5])
    assert line_of(trace, batch, [outcome()] * 2).reflection == {}
    batch = replace(batch, extra={"answer_logprobs": torch.tensor([[-1.0, -3.0], [-2.0, -1.0]])})
    # Deviations .5 and 1: (-.5 - 3) / 1.5 is below (-1 - 1) / 1.5, and the means -2 is below -1.5.
    found = line_of(trace, batch, [outcome()] * 2).reflection
    assert found == {"rank_r3": pytest.approx(-1), "rank_uniform": pytest.approx(-1)}


@pytest.fixture
def trace(toy_corpus: Corpus) -> Trace:
    turn = Turn("<answer>x</answer>", Answer("x"), "", 0, (), (), (), True, "")
    return Trace(toy_corpus, toy_corpus.questions[0], "", [turn, turn])


def line_of(
    trace: Trace, batch: Batch, outcomes: list[Outcome], keep: list[bool] | None = None, update: Update = UPDATE
) -> Line:
    kept = torch.tensor(keep if keep is not None else [True] * len(outcomes))
    advantage = torch.tensor([1.0, -1.0, float("nan")]).repeat(int(kept.sum()), 1)
    played = RolloutBatch(batch, [trace] * len(outcomes), list(outcomes))
    return describe(7, played, kept, advantage, update, 2e-4, {"beta": 0.5}, Seconds(1.0, 2.0, 3.0))


def test_rewards_and_groups(trace: Trace):
    found = line_of(trace, batch_of([1, 0, 1, 1], [5, 5, 9, 9]), [outcome()] * 4)
    # Group 5 has a variance of 1/4, group 9 none.
    assert (found.step, found.reward, found.group_variance, found.informative_groups) == (7, 0.75, 0.125, 0.5)
    assert (found.episodes, found.selected, found.lr, found.state) == (4, 4, 2e-4, {"beta": 0.5})
    assert (found.seconds_rollout, found.seconds_update, found.seconds_other) == (1.0, 2.0, 3.0)


def test_what_was_played_besides_is_in_no_value(trace: Trace):
    """A further rollout of the first group, which it solves: the line is that of the others."""
    batch = replace(batch_of([0, 0, 1, 0, 1], [5, 5, 9, 9, 5]), more=torch.tensor([False] * 4 + [True]), inputs={})
    found = line_of(trace, batch, [outcome()] * 4 + [outcome(A)])
    assert (found.reward, found.unsolved, found.tokens, found.episodes) == (0.25, 0.5, 8, 4)
    alone = line_of(trace, batch_of([0, 0, 1, 0], [5, 5, 9, 9]), [outcome()] * 4)
    assert found == alone


def test_tokens_of_the_environment_are_in_no_mean(trace: Trace):
    found = line_of(trace, batch_of([1, 0], [0, 0]), [outcome()] * 2)
    assert found.entropy == pytest.approx((0.2 + 0.6) / 2)
    assert (found.entropy_tool, found.entropy_query) == (pytest.approx(0.2), pytest.approx(0.6))
    assert found.entropy_think is None and found.entropy_answer is None
    assert (found.tokens, found.tokens_tool, found.tokens_query, found.tokens_answer) == (4, 2, 2, 0)
    # Log-probabilities -1 and -2 with advantages 1 and -1: deviations +-1/2 and +-1, so 1/2.
    assert found.covariance == pytest.approx(0.5)


def test_likelihood_is_of_rewarded_episodes_each_weighing_the_same(trace: Trace):
    batch = batch_of([1, 1, 0], [0, 0, 0])
    batch.mask[0, 1] = False
    # Episode 0 has one token of -1, episode 1 has -1 and -2; episode 2 got nothing.
    assert line_of(trace, batch, [outcome()] * 3).logprob_correct == pytest.approx((-1 - 1.5) / 2)
    assert line_of(trace, batch_of([0, 0], [0, 0]), [outcome()] * 2).logprob_correct is None


def test_covariance_is_of_what_was_trained_on(trace: Trace):
    batch = batch_of([1, 0], [0, 0])
    batch.old_logprobs[1] = -9.0
    assert line_of(trace, batch, [outcome()] * 2, [True, False]).covariance == pytest.approx(0.5)
    found = line_of(trace, batch, [outcome()] * 2, [False, False], Update(None, None, None, None, None, None))
    assert found.covariance is None and found.clip_fraction is None and found.selected == 0


def test_optimiser_statistics_are_handed_on(trace: Trace):
    found = line_of(trace, batch_of([1, 0], [0, 0]), [outcome()] * 2)
    assert (found.loss, found.grad_norm, found.approx_kl, found.selected_tokens) == (0.1, 2.0, 0.003, 0.004)
    assert found.clip_fraction == pytest.approx(0.03)


def test_strategies_are_counted_over_groups_with_two_successes(trace: Trace):
    # Groups AA, AB, AB, AB have chances 1, 0, 0, 0 of two alike: D2 = 1 / (1/4). A group with one success is left out.
    ways = [A, A, A, B, A, B, A, B, B, None]
    found = line_of(trace, batch_of([1] * 10, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), [outcome(way) for way in ways])
    assert found.strategies_D2 == pytest.approx(4.0)
    # Five of nine grounded successes are A.
    assert found.strategies == {" > ".join(A): pytest.approx(5 / 9), " > ".join(B): pytest.approx(4 / 9)}
    assert list(found.strategies) == [" > ".join(A), " > ".join(B)]
    assert found.dominant_share == pytest.approx(5 / 9) and found.grounded == 0.9


def test_too_few_groups_say_nothing_of_diversity(trace: Trace):
    found = line_of(trace, batch_of([1] * 6, [0, 0, 1, 1, 2, 2]), [outcome(A)] * 6)
    assert found.strategies_D2 is None and found.dominant_share == 1.0
    none = line_of(trace, batch_of([0, 0], [0, 0]), [outcome()] * 2)
    assert none.dominant_share is None and none.strategies == {} and none.grounded == 0


def test_no_two_alike_are_infinitely_many_ways_and_no_number(trace: Trace):
    rows = [outcome(way) for _ in range(4) for way in (A, B)]
    assert line_of(trace, batch_of([1] * 8, [0, 0, 1, 1, 2, 2, 3, 3]), rows).strategies_D2 is None


def test_only_the_commonest_strategies_are_named(trace: Trace):
    # Strategy i is used once more than strategy i + 1 ... 14 of them: 2 + 13 * 1 successes.
    names = [(f"m{i:02d}", "answer") for i in range(14)]
    found = line_of(trace, batch_of([1] * 15, [0] * 15), [outcome(name) for name in (names[0], *names)])
    assert len(found.strategies) == step_metrics.NAMED + 1
    assert found.strategies["m00 > answer"] == pytest.approx(2 / 15)
    assert found.strategies[OTHER] == pytest.approx(2 / 15)
    assert sum(found.strategies.values()) == pytest.approx(1)


def test_cost_and_endings(trace: Trace):
    rows = [outcome(searches=2, opens=1, invalid=1), outcome(searches=0, answered=False)]
    found = line_of(trace, batch_of([0, 0], [0, 0]), rows)
    # Two turns each, one of the four invalid.
    assert (found.searches, found.opens, found.turns, found.invalid, found.unanswered) == (1.0, 0.5, 2.0, 0.25, 0.5)


def test_first_queries_are_alike_within_groups_whatever_the_order_of_words(trace: Trace):
    queries = ["a b", "b a", "c d", None, "a b", "e f"]
    # Group 0: (ab, ab, cd) has one pair of three; group 1: (ab, ef) none.
    rows = [outcome(query=query) for query in queries]
    found = line_of(trace, batch_of([0] * 6, [0, 0, 0, 0, 1, 1]), rows)
    assert found.first_query_duplicates == pytest.approx((1 / 3 + 0) / 2)


def test_what_is_not_finite_is_named(trace: Trace):
    broken = msgspec.structs.replace(UPDATE, grad_norm=float("inf"))
    with pytest.raises(ValueError, match="step 7: grad_norm is inf"):
        line_of(trace, batch_of([1, 0], [0, 0]), [outcome()] * 2, update=broken)


def test_lengths_must_agree(trace: Trace):
    with pytest.raises(ValueError, match="as many"):
        line_of(trace, batch_of([1, 0], [0, 0]), [outcome()])
