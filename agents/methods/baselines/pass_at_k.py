"""Training for pass@k: the best of a group, or the chance that one of k is right.

``best_of_group`` (Walder & Karkhanis 2025, arXiv 2505.15201, and Tang et al. 2025, arXiv 2503.19595; verl's
``grpo_passk``): the best episode of a group gets (best - second best) / deviation, the others 0.

``pass_at_k`` (Chen et al. 2025, arXiv 2508.10751, analytic form): with G episodes of which n are wrong, the mean reward
of all groups of k is M = 1 - C(n, k) / C(G, k), its deviation s = sqrt(M (1 - M)); a right episode gets (1 - M) / s, a
wrong one (1 - M - C(n - 1, k - 1) / C(G - 1, k - 1)) / s. 0 where all or none of the groups of k succeed. The formula
was written from memory and checked against enumeration of all groups (its test). Loss and reduction are ``grpo``'s.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import comb

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import EPSILON, group_mean, level
from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Fraction, Size, Times
from berrypick.agents.methods.reductions import sequence_mean
from berrypick.agents.methods.seams import BASE


def best_alone(reward: Tensor, group: Tensor) -> Tensor:
    """(Best - second best) / deviation for the best episode of each group, 0 for the others. Shape (N,)."""
    centred = reward.double() - group_mean(reward, group)
    deviation = group_mean(centred.square(), group).sqrt()
    found = torch.zeros_like(centred)
    for number in torch.unique(group):
        rows = (group == number).nonzero().flatten()
        if len(rows) > 1:
            order = rows[reward[rows].argsort(descending=True, stable=True)]
            found[order[0]] = (reward[order[0]] - reward[order[1]]) / (deviation[order[0]] + EPSILON)
    return found.masked_fill(level(reward, group), 0.0).to(reward.dtype)


def of_k(reward: Tensor, group: Tensor, *, k: int) -> Tensor:
    """The mean advantage of an episode over all groups of k that it is in. Shape (N,)."""
    found = torch.zeros_like(reward)
    for number in torch.unique(group):
        rows = (group == number).nonzero().flatten()
        right = reward[rows] > 0
        size, wrong = len(rows), int((~right).sum())
        drawn = min(k, size)
        mean = 1 - comb(wrong, drawn) / comb(size, drawn)
        if 0 < mean < 1:
            deviation = (mean * (1 - mean)) ** 0.5
            others_wrong = comb(wrong - 1, drawn - 1) / comb(size - 1, drawn - 1)
            found[rows] = torch.where(right, (1 - mean) / deviation, (1 - mean - others_wrong) / deviation).to(found)
    return found


def best_of_group(low: Fraction = 0.2, high: Size = 0.2) -> Method:
    """Make the method; parameters as in ``losses.clipped_slope``."""
    token_loss = partial(clipped, low=low, high=high, dual=NO_DUAL)
    return replace(BASE, name="best_of_group", advantage=best_alone, token_loss=token_loss, reduce=sequence_mean)


def pass_at_k(k: Times = 2, low: Fraction = 0.2, high: Size = 0.2) -> Method:
    """Make the method.

    Args:
        k: attempts of which one has to be right, below the size of a group.
        low: the lower bound is 1 - low.
        high: the upper bound is 1 + high.
    """
    token_loss = partial(clipped, low=low, high=high, dual=NO_DUAL)
    return replace(BASE, name="pass_at_k", advantage=partial(of_k, k=k), token_loss=token_loss, reduce=sequence_mean)
