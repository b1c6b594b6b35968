"""Outcome-based exploration, batch form (Song et al. 2025, arXiv 2509.06941): answers that a group repeats earn less.

R' = R - c * share, share that of the group's other episodes with the same answer; an episode without an answer repeats
nothing. Written from memory; the paper's historical form, c / sqrt(times that an answer was given in training), needs a
memory across steps and is not built.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Size


def less_repeated(batch: Batch, *, c: float) -> Tensor:
    """Shape: the reward less what the group repeats of the answer."""
    answer = batch.extra["answer_id"]
    peers = (batch.group[:, None] == batch.group[None, :]) & ~torch.eye(len(answer), dtype=torch.bool)
    same = peers & (answer[:, None] == answer[None, :]) & (answer >= 0)[:, None]
    share = same.sum(dim=1) / peers.sum(dim=1).clamp(min=1)
    return batch.reward - c * share.to(batch.reward.dtype)


def outcome_exploration(c: Size = 0.1) -> Addition:
    """Make the addition: ``c`` is what an answer loses that all of its group give."""
    return Addition({"shape": partial(less_repeated, c=c)}, annotators=(Annotation("episode_facts"),))
