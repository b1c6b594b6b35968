"""Stratified GRPO (2025, arXiv 2510.06214): episodes are compared with those that searched as often as they did.

A' = blend * A_stratum + (1 - blend) * A, A_stratum the z-score of the reward among the episodes of the group with the
same number of searches, 0 in a stratum of one or without spread: an episode with three searches has another chance
than one with none, and comparing them teaches how often to search before it teaches how. The rewards are those that
the environment paid. The abstract was read; the blend is ours to search.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Fraction
from berrypick.agents.methods.seams import spread


def within_strata(batch: Batch, advantage: Tensor, *, blend: float) -> Tensor:
    """Credit: the blend of both advantages."""
    pairs = torch.stack([batch.group, batch.extra["searches"].to(batch.group.dtype)])
    _, stratum = torch.unique(pairs, dim=1, return_inverse=True)
    own = spread(batch, group_zscore(batch.reward, stratum)).to(advantage.dtype)
    return blend * own + (1 - blend) * advantage


def stratified_grpo(blend: Fraction = 0.8) -> Addition:
    """Make the addition: ``blend`` is the share of the advantage within the stratum."""
    return Addition({"credit": partial(within_strata, blend=blend)}, annotators=(Annotation("episode_facts"),))
