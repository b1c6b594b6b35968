"""GiGPO (Feng et al. 2025, arXiv 2505.10978): turns are compared with turns of the group that began in the same state.

A' = A + omega * A_step, A_step the z-score of the discounted return gamma^(turns left) * R among the turns of the group
that began in one state, 0 where a state has one turn or no spread. Paper: omega 1, gamma 0.95. States are exact here:
same question, turn, displayed documents and searches (annotator ``turn_states``). The form was read in verl-agent.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Fraction, Size


def step_advantage(batch: Batch, gamma: float) -> Tensor:
    """Return A_step, 0 where nothing was generated. Shape (N, T)."""
    turn = batch.turn.where(batch.mask, 0)
    last = turn.amax(dim=1, keepdim=True)
    turns = int(last.max()) + 1
    there = torch.zeros(len(turn), turns, dtype=torch.bool).scatter(1, turn, batch.mask)
    state = torch.full((len(turn), turns), -1).scatter(1, turn, batch.extra["state_id"].where(batch.mask, -1))
    left = last - torch.arange(turns)
    returns = batch.reward[:, None].double() * gamma ** left.clamp(min=0)
    found = torch.zeros(len(turn), turns, dtype=torch.float64)
    found[there] = group_zscore(returns[there], state[there])
    return found.gather(1, turn).where(batch.mask, 0.0)


def with_steps(batch: Batch, advantage: Tensor, *, omega: float, gamma: float) -> Tensor:
    """Credit: A + omega * A_step."""
    if not bool(batch.mask.any()):
        return advantage
    return advantage + (omega * step_advantage(batch, gamma)).to(advantage.dtype)


def gigpo(omega: Size = 1.0, gamma: Fraction = 0.95) -> Addition:
    """Make the addition.

    Args:
        omega: weight of the advantage of a step.
        gamma: discount a turn.
    """
    return Addition({"credit": partial(with_steps, omega=omega, gamma=gamma)}, annotators=(Annotation("turn_states"),))
