"""W-REINFORCE and NSR (Zhu et al. 2025, arXiv 2506.01347): learn from what was wrong, little or nothing from the rest.

A = ``positive`` for a reward above 0, -1 for the others, without a baseline. ``w_reinforce`` has 0.1, ``nsr`` (negative
sample reinforcement) 0: pushing down wrong episodes leaves the rest of the distribution as it is, which keeps pass@k.
Read in a summary; the loss is taken to be PPO's clipped one with a token mean, as in the verl recipe that it cites.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Fraction, Size
from berrypick.agents.methods.reductions import token_mean
from berrypick.agents.methods.seams import BASE


def signed(reward: Tensor, group: Tensor, *, positive: float) -> Tensor:
    """``positive`` for rewards above 0, -1 for the others. Shape (N,)."""
    return torch.where(reward > 0, positive, -1.0).to(reward.dtype)


def _of(name: str, positive: float, low: float, high: float) -> Method:
    token_loss = partial(clipped, low=low, high=high, dual=NO_DUAL)
    advantage = partial(signed, positive=positive)
    return replace(BASE, name=name, advantage=advantage, token_loss=token_loss, reduce=token_mean)


def w_reinforce(positive: Size = 0.1, low: Fraction = 0.2, high: Size = 0.2) -> Method:
    """Make the method.

    Args:
        positive: advantage of rewarded episodes.
        low: the lower bound is 1 - low.
        high: the upper bound is 1 + high.
    """
    return _of("w_reinforce", positive, low, high)


def nsr(low: Fraction = 0.2, high: Size = 0.2) -> Method:
    """Make the method that learns from wrong episodes alone; parameters as of ``w_reinforce``."""
    return _of("nsr", 0.0, low, high)
