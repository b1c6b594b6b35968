"""Turn-level credit (Zeng et al. 2025, arXiv 2505.11821): a turn whose results first show the answer is paid for it.

A'_t = A + weight * (G_k - mean G_k), k the turn of token t, G_k = sum_(j >= k) gamma^(j - k) r_j, r_j = 1 where the
results of turn j are the first to hold an accepted answer, else 0. The mean is over those episodes of the group that
came to turn k. Abstracts of both versions of the paper, a summary and the opening of the discussion named below were
read; that the paper pays for results that hold the answer is from memory.

The paper centres r_j among the group's turns of one number, for two turns that every episode has. Summed over later
turns, that subtracts as many means as the episode has turns: a baseline that depends on when the policy stops, which
biases it against going on (verl-project/verl#7244). Here the return is centred, once, among episodes that came as far:
a baseline that no action of the turn changes but through the episode's own share of it.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_mean
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Fraction, Size


def centred_returns(batch: Batch, gamma: float) -> Tensor:
    """Return G_k - mean G_k of the group, 0 where nothing was generated. Shape (N, T)."""
    turn = batch.turn.where(batch.mask, 0)
    shape = (len(turn), int(turn.max()) + 1)
    played = torch.zeros(shape, dtype=torch.float64).scatter_add(1, turn, batch.mask.double())
    # Equal within a turn, so that its mean over the turn's tokens is it.
    returns = torch.zeros(shape, dtype=torch.float64).scatter_add(
        1, turn, batch.extra["turn_reward"].double().where(batch.mask, 0.0)
    ) / played.clamp(min=1)
    for number in range(shape[1] - 2, -1, -1):
        returns[:, number] += gamma * returns[:, number + 1]
    there = (played > 0).double()
    mean = group_mean(returns * there, batch.group) / group_mean(there, batch.group).clamp(min=1e-9)
    return (returns - mean).gather(1, turn).where(batch.mask, 0.0)


def with_returns(batch: Batch, advantage: Tensor, *, weight: float, gamma: float) -> Tensor:
    """Credit: A + ``weight`` times the centred return."""
    if not bool(batch.mask.any()):
        return advantage
    return advantage + (weight * centred_returns(batch, gamma)).to(advantage.dtype)


def turn_credit(weight: Size = 0.5, gamma: Fraction = 1.0) -> Addition:
    """Make the addition; the defaults are ours.

    Args:
        weight: of the return of turns; 0 is the base itself.
        gamma: discount a turn.
    """
    return Addition(
        {"credit": partial(with_returns, weight=weight, gamma=gamma)}, annotators=(Annotation("turn_reward"),)
    )
