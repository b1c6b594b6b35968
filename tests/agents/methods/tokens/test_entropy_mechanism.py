"""To first order, entropy falls by the covariance of log-probability and advantage (Cui et al. 2025, 2505.22617)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Scores
from berrypick.agents.methods.tokens.covariance import covariance

#: How often each action stands in the group: so often does the policy take it, so that a mean over the group is exact.
COUNTS = [(8, 4, 2, 1, 1), (1, 3, 5, 7), (16, 1, 1, 1, 1), (2, 5, 11, 1, 6, 3)]


class Step:
    """A tabular softmax policy, one group that holds every action as often as it is taken, and its gradient."""

    def __init__(self, counts: tuple[int, ...]) -> None:
        self.policy = torch.tensor(counts, dtype=torch.float64) / sum(counts)
        self.logits = self.policy.log().requires_grad_()
        self.actions = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        method = make("cispo")
        generator = torch.Generator().manual_seed(len(counts))
        reward = torch.rand(len(counts), generator=generator, dtype=torch.float64)[self.actions]
        self.advantage = method.advantage(reward, torch.zeros_like(self.actions))
        self.method = method

    def gradient(self, micro) -> Tensor:
        new = self.logits.log_softmax(0)[self.actions][:, None]
        tokens = micro(new.detach(), new.detach(), self.advantage)
        weight = self.method.reduce(tokens.mask, 1)
        total = (self.method.token_loss(type(tokens)(**(vars(tokens) | {"logprobs": new}))) * weight).sum()
        return torch.autograd.grad(total, self.logits)[0]

    def covariance(self, change: Tensor) -> float:
        """Cov over actions of the policy of log pi(a) and what the logit of a gains."""
        new = self.policy.log()[self.actions][:, None]
        gains, ones = change[self.actions][:, None], torch.ones_like(new, dtype=torch.bool)
        return covariance(Scores(new, new, new, gains, ones, np.random.default_rng(0))).mean().item()

    def measured(self, change: Tensor) -> float:
        before, after = (_entropy(logits) for logits in (self.policy.log(), self.policy.log() + change))
        return after - before

    @property
    def action_advantage(self) -> Tensor:
        """A(a) of each action. Shape (actions,)."""
        first = torch.searchsorted(self.actions, torch.arange(len(self.policy)))
        return self.advantage[first]


def _entropy(logits: Tensor) -> float:
    log = logits.log_softmax(0)
    return -(log.exp() * log).sum().item()


@pytest.mark.parametrize("rate", [1e-3, 1e-2])
@pytest.mark.parametrize("counts", COUNTS)
def test_policy_gradient(micro, counts: tuple[int, ...], rate: float):
    step = Step(counts)
    change = -rate * step.gradient(micro)
    # the mean of the group's advantages is 0, and so a logit gains rate * pi(a) * A(a)
    assert torch.allclose(change, rate * step.policy * step.action_advantage)
    predicted = -rate * step.covariance(step.policy * step.action_advantage)
    assert step.measured(change) / predicted == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("counts", COUNTS)
def test_natural_policy_gradient(micro, counts: tuple[int, ...]):
    step, rate = Step(counts), 1e-3
    fisher = torch.diag(step.policy) - torch.outer(step.policy, step.policy)
    change = -rate * torch.linalg.pinv(fisher) @ step.gradient(micro)
    predicted = -rate * step.covariance(step.action_advantage)
    assert step.measured(change) / predicted == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("counts", COUNTS)
def test_the_error_is_of_second_order(counts: tuple[int, ...]):
    """Half the step, a quarter of the difference: what is left out is the square of the step."""
    step = Step(counts)
    gains = step.policy * step.action_advantage
    errors = [step.measured(rate * gains) + rate * step.covariance(gains) for rate in (2e-2, 1e-2)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
