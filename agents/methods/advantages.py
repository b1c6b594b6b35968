"""Advantages: rewards and groups, shape (N,) each -> advantages, shape (N,).

Sums are taken in double precision, and a group without spread has advantages of exactly 0: in single precision seven
rewards of 0.1 have a mean that is not 0.1, and a division by their spread would make noise of it.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

#: Added to a spread before a division by it.
EPSILON: Final = 1e-6


def _members(group: Tensor) -> tuple[Tensor, Tensor]:
    """Return the group of each episode as 0, 1, ... and the size of that group."""
    _, member, sizes = torch.unique(group, return_inverse=True, return_counts=True)
    return member, sizes[member]


def group_mean(values: Tensor, group: Tensor) -> Tensor:
    """Return the mean of each episode's group, in double precision. Shapes: (N, ...), (N,); (N, ...)."""
    member, size = _members(group)
    total = torch.zeros_like(values, dtype=torch.float64).index_add(0, member, values.double())[member]
    return total / size.view(-1, *[1] * (values.dim() - 1))


def level(reward: Tensor, group: Tensor) -> Tensor:
    """Return which episodes are in a group whose rewards are all equal. Shape (N,), bool."""
    member, _ = _members(group)
    most, least = (torch.zeros_like(reward).scatter_reduce(0, member, reward, how, include_self=False)[member]
                   for how in ("amax", "amin"))  # fmt: skip
    return most == least


def batch_centre(reward: Tensor, group: Tensor) -> Tensor:
    """R - mean of all rewards of the step: REINFORCE with one baseline."""
    return _centred(reward, torch.zeros_like(group))


def group_centre(reward: Tensor, group: Tensor) -> Tensor:
    """R - mean of the group (Dr. GRPO)."""
    return _centred(reward, group)


def _centred(reward: Tensor, group: Tensor) -> Tensor:
    centred = reward.double() - group_mean(reward, group)
    return centred.masked_fill(level(reward, group), 0.0).to(reward.dtype)


def group_zscore(reward: Tensor, group: Tensor, *, ddof: int = 0) -> Tensor:
    """(R - mean of the group) / (standard deviation of the group + 1e-6) (GRPO); 0 in a group of one.

    Args:
        reward: R. Shape (N,).
        group: as in ``Batch``.
        ddof: 0 for the deviation of the group itself, as the paper writes it; 1 for the estimate that divides by one
            episode less (verl, TRL, SkyRL, Skywork).
    """
    _, size = _members(group)
    centred = reward.double() - group_mean(reward, group)
    variance = group_mean(centred.square(), group) * size / (size - ddof).clamp(min=1)
    deviation = variance.sqrt()
    return (centred / (deviation + EPSILON)).masked_fill(level(reward, group), 0.0).to(reward.dtype)


def leave_one_out(reward: Tensor, group: Tensor) -> Tensor:
    """R - mean of the others of the group = G / (G - 1) (R - mean of the group) (RLOO); 0 in a group of one."""
    _, size = _members(group)
    centred = reward.double() - group_mean(reward, group)
    return (centred * size / (size - 1).clamp(min=1)).masked_fill(level(reward, group), 0.0).to(reward.dtype)
