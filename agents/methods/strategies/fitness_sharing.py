"""Fitness sharing over strategies (Goldberg & Richardson 1987): successes of one strategy in a group share the reward.

R' = R / m^alpha, m = episodes of the group with the same strategy. alpha 0 is the base itself; with 1, the default,
every strategy that works earns a group the same in all.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Size


def shared(batch: Batch, *, alpha: float) -> Tensor:
    """Shape: the reward of an episode with a strategy divided by how many of its group share it."""
    pairs = torch.stack([batch.group, batch.strategy_id])
    _, which, sizes = torch.unique(pairs, dim=1, return_inverse=True, return_counts=True)
    crowd: Tensor = sizes[which].to(batch.reward.dtype).pow(alpha)
    return batch.reward / crowd.where(batch.strategy_id >= 0, 1.0)


def fitness_sharing(alpha: Size = 1.0) -> Addition:
    """Make the addition: ``alpha`` is how far a reward is shared."""
    return Addition({"shape": partial(shared, alpha=alpha)})
