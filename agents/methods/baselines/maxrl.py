"""MaxRL (2026, arXiv 2602.02710): A = (R - mean of the group) / mean of the group, an approach to maximum likelihood.

Dividing by the success rate weighs hard questions more than a deviation does: with one success in G the success has
G - 1, the others -1. Not invariant to a constant added to rewards; 0 in a group whose rewards are all equal. Loss and
reduction are those of ``grpo``. Read in SkyRL's code.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor

from berrypick.agents.methods.advantages import EPSILON, group_centre, group_mean
from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Bound, Fraction, Size
from berrypick.agents.methods.reductions import sequence_mean
from berrypick.agents.methods.seams import BASE


def relative_to_mean(reward: Tensor, group: Tensor) -> Tensor:
    """(R - mean) / (mean + 1e-6) in each group. Shape (N,)."""
    centred = group_centre(reward, group)
    return (centred.double() / (group_mean(reward, group) + EPSILON)).to(reward.dtype)


def maxrl(low: Fraction = 0.2, high: Size = 0.2, dual: Bound = NO_DUAL) -> Method:
    """Make the method; parameters as in ``losses.clipped_slope``."""
    token_loss = partial(clipped, low=low, high=high, dual=dual)
    return replace(BASE, name="maxrl", advantage=relative_to_mean, token_loss=token_loss, reduce=sequence_mean)
