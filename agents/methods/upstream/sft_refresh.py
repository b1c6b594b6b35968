"""Refreshing: every few steps, small supervised steps on demonstrations of the scripts.

After Matsutani et al. 2025 (arXiv 2509.21128): in mathematics reinforcement learning concentrates a policy on few ways
and supervised learning adds ways. That the same holds in search is a hypothesis that this method tests; demonstrations
beside a policy gradient are as old as DAPG (Rajeswaran et al. 2018, arXiv 1709.10087).

The loss is weight times the mean of -log p over the tokens that a script wrote, nothing of what it read. Scripts are
drawn alike, so that what is refreshed is the choice between ways. Steps share the optimiser of the run: a batch of
another kind, not another training. The defaults, one optimiser step in eleven, were not searched for.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.method import Addition, Refresh
from berrypick.agents.methods.parameters import Positive, Times


def unlikely(new: Tensor, mask: Tensor, count: int, *, weight: float) -> Tensor:
    """Loss: -weight * mean log-probability; arguments as in ``base.Refresh``."""
    return -weight * new.where(mask, 0.0).sum() / count


def sft_refresh(
    every: Times = 5, steps: Times = 2, batch: Times = 16, weight: Positive = 1.0, questions: Times = 128
) -> Addition:
    """Make the addition.

    Args:
        every: steps of the run from one refreshing to the next.
        steps: optimiser steps of a refreshing.
        batch: demonstrations an optimiser step.
        weight: of their loss.
        questions: that every script is asked once, before the run; demonstrations are drawn from its grounded
            successes.
    """
    return Addition({"refresh": Refresh(every, steps, batch, questions, partial(unlikely, weight=weight))})
