"""The reference answer after an episode's reasoning, and how well scores rank."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.signal.r3 import reflection, uniform_mean
from berrypick.agents.training.text.reflection import measured, rank_correlation


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_rank_correlation_by_hand():
    # Group 1: ranks 1 2 3 against 1 3 2: 1 - 6 * 2 / (3 * 8) = .5. Group 2: opposite ranks, -1. Mean -.25.
    score, reward = tensor(0.1, 0.2, 0.9, 5.0, 4.0), tensor(0.0, 1.0, 0.5, 0.0, 1.0)
    group = torch.tensor([1, 1, 1, 2, 2])
    assert rank_correlation(score, reward, group) == pytest.approx(-0.25)
    # Ties share their ranks: 1.5 1.5 3.5 3.5 against 1 2 3 4: covariance 4 / sqrt(4 * 5) = .894427
    tied = rank_correlation(tensor(1, 2, 3, 4), tensor(0, 0, 1, 1), torch.zeros(4).long())
    assert tied == pytest.approx(0.8944272)


def test_groups_without_spread_are_left_out():
    group = torch.tensor([0, 0, 1, 1, 2, 2])
    assert rank_correlation(tensor(1, 1, 1, 2, 1, 2), tensor(0, 1, 1, 1, 0, 1), group) == pytest.approx(1.0)
    assert rank_correlation(tensor(1, 1), tensor(0, 1), torch.zeros(2).long()) is None


def decided(groups: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Answers of eleven tokens, one of which only right reasoning makes likely; the others differ by chance.

    The uniform mean has 1.5 / 11 = .136 of a signal against a noise of .3 * sqrt(10) / 11 = .086. R3 gives the token of
    the signal, whose sigma is .75, .75 / (.75 + 10 * .3) = .2 of the weight and each other .08: .3 against
    .3 * sqrt(10) * .08 = .076.
    """
    draw = torch.Generator().manual_seed(0)
    group = torch.arange(groups).repeat_interleave(size)
    reward = (torch.rand(groups * size, generator=draw) < 0.5).double()
    noise = 0.3 * torch.randn(groups * size, 10, generator=draw, dtype=torch.float64)
    return torch.cat([-2 + noise, -4 + 1.5 * reward[:, None]], dim=1), reward, group


def test_r3_ranks_by_correctness_better_than_the_uniform_mean(played_with):
    answer, reward, group = decided(64, 8)
    found = measured(played_with(answer, reward, group))
    assert found["rank_r3"] > found["rank_uniform"] + 0.05 > 0.5
    assert found["rank_r3"] == rank_correlation(reflection(answer, group), reward, group)
    assert found["rank_uniform"] == rank_correlation(uniform_mean(answer), reward, group)


def test_shuffled_over_questions_nothing_ranks(played_with):
    answer, reward, group = decided(64, 8)
    turn = torch.randperm(len(reward), generator=torch.Generator().manual_seed(1))
    assert abs(measured(played_with(answer[turn], reward, group))["rank_r3"]) < 0.1


def test_what_is_not_known_is_left_out(played_with):
    answer, reward, group = decided(2, 4)
    assert measured(played_with(None, reward, group)) == {}
    assert measured(played_with(answer, torch.ones_like(reward), group)) == {}


@pytest.fixture
def played_with():
    def build(answer: Tensor | None, reward: Tensor, group: Tensor) -> Batch:
        one = torch.ones(len(reward), 1)
        return Batch(
            reward, group, torch.full_like(group, -1), one.bool(), -one, one, one.long(), one.long(), one.bool(), one,
            extra={} if answer is None else {"answer_logprobs": answer},
        )  # fmt: skip

    return build
