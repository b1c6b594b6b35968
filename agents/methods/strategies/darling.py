"""DARLING (Li et al. 2025, arXiv 2509.02534): a reward counts as far as the episode differs from its group's others.

R' = R * d, d the share of the other rewarded episodes of the group that went by another strategy; 1 where there are no
others. The paper tells answers apart by a trained classifier of semantic equality; here the simulator knows the
strategy. Unlike ``fitness_sharing``, which divides by the number of the same, a group of one strategy earns nothing.
Read in a summary.
"""

from __future__ import annotations

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition


def distinct(batch: Batch) -> Tensor:
    """Shape: the reward times the share of rewarded peers with another strategy."""
    rewarded = batch.strategy_id >= 0
    peers = (batch.group[:, None] == batch.group[None, :]) & rewarded[None, :]
    peers = peers & ~torch.eye(len(rewarded), dtype=torch.bool)
    other = peers & (batch.strategy_id[:, None] != batch.strategy_id[None, :])
    count = peers.sum(dim=1)
    share = torch.where(count > 0, other.sum(dim=1) / count.clamp(min=1), 1.0)
    return batch.reward * share.to(batch.reward.dtype).where(rewarded, 1.0)


def darling() -> Addition:
    """Make the addition."""
    return Addition({"shape": distinct})
