"""Unlikeliness reward (He et al. 2025, arXiv 2506.02355): right answers that the policy found unlikely are worth more.

R' = R * (1 - beta * (G - rank) / G), rank 1 the likeliest of the group's G episodes, G the least likely, by the mean
log-probability of an episode's generated tokens. Paper: beta 0.25. Written from memory.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Fraction


def ranks(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the rank of each episode in its group, 1 the likeliest, and the group's size. Shapes (N,)."""
    length = batch.mask.sum(dim=1).clamp(min=1)
    likely = batch.old_logprobs.where(batch.mask, 0.0).double().sum(dim=1) / length
    same = batch.group[:, None] == batch.group[None, :]
    first = torch.arange(len(likely))
    before = (likely[None, :] > likely[:, None]) | ((likely[None, :] == likely[:, None]) & (first < first[:, None]))
    return 1 + (same & before).sum(dim=1), same.sum(dim=1)


def unlikely(batch: Batch, *, beta: float) -> Tensor:
    """Shape: the reward, less for what was likely."""
    rank, size = ranks(batch)
    return batch.reward * (1 - beta * (size - rank) / size).to(batch.reward.dtype)


def unlikeliness(beta: Fraction = 0.25) -> Addition:
    """Make the addition: ``beta`` is the most that a reward loses."""
    return Addition({"shape": partial(unlikely, beta=beta)})
