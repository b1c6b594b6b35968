"""AlphaLLM (Tian et al. 2024, arXiv 2404.12253) inside GRPO: the process critic's score of a turn as a dense reward.

A'_t = A + weight * (p_k - mean p_k of the group), k the turn of token t, p_k the critic's probability that the turn
leaves a fair chance of success, the mean over those episodes of the group that came to turn k. Turns are compared with
turns of their own number: later ones score higher whatever they do, and longer episodes would be paid for that alone.

The paper uses its critics to search and distils what is found (``berrypick study search``); a dense reward is the
cheaper use that its process critic invites. The critics are trained once, from rollouts of the start policy, and stay
as they are: how well they still judge is ``Line.critic_auc``.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_mean
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Size, Times


def gain(batch: Batch) -> Tensor:
    """Return p_k - mean p_k of the group, 0 where nothing was generated. Shape (N, T)."""
    turn = batch.turn.where(batch.mask, 0)
    turns = torch.zeros(len(turn), int(turn.max()) + 1, dtype=torch.float64)
    played = turns.scatter_add(1, turn, batch.mask.double())
    # Equal within a turn, so that its mean over the turn's tokens is it.
    score = turns.scatter_add(1, turn, batch.extra["process_reward"].double().where(batch.mask, 0.0)) / played.clamp(
        min=1
    )
    there = (played > 0).double()
    mean = group_mean(score * there, batch.group) / group_mean(there, batch.group).clamp(min=1e-9)
    return (score - mean).gather(1, turn).where(batch.mask, 0.0)


def dense(batch: Batch, advantage: Tensor, *, weight: float) -> Tensor:
    """Credit: A + weight times the gain."""
    return advantage + (weight * gain(batch)).to(advantage.dtype)


def alphallm(weight: Size = 0.5, episodes: Times = 512) -> Addition:
    """Make the addition.

    Args:
        weight: of the dense reward; 0 is the base itself.
        episodes: of the start policy that critics are trained from, beside completions of their prefixes; all that
            was generated for it is told in ``critics.json``.
    """
    return Addition(
        {"credit": partial(dense, weight=weight)}, annotators=(Annotation("process_reward", {"episodes": episodes}),)
    )
