"""IGPO (Wang et al. 2025, arXiv 2510.14967): turns are paid for what they add to the reference answer's likelihood.

g_k = p_(k+1) - p_k for every turn k but an episode's last, p_k = exp(mean log-probability of the reference answer's
tokens), were it given in the place of turn k. z_k is the z-score of g_k among all such turns of the group.

A'_t = gamma^(last - k) * A + weight * sum_(j >= k, j < last) gamma^(j - k) z_j, k the turn of token t.

The authors' code (GuoqingWang1/IGPO at 49a8c4e, verl/trainer/ppo/core_algos.py) was read, the paper in summary. It
offers one normalisation for gains and outcomes together and one for each; this is the second, ``separate``, the one
under which a base keeps its own advantage. The code takes turns whose gain is exactly 0 for none; here they count. The
outcome is the environment's reward, not F1; gamma is 1 in the authors' script.

Gains are centred one by one and summed, so that an episode is charged as many means as it has turns: where turns gain
on average, that is a hidden price on going on (verl-project/verl#7244). ``turn_credit`` has none.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition, Annotation
from berrypick.agents.methods.parameters import Fraction, Size


def gains_to_go(batch: Batch, gamma: float) -> Tensor:
    """Return the discounted sum of the z-scores from each token's turn on, 0 outside of the mask. Shape (N, T)."""
    turn = batch.turn.where(batch.mask, 0)
    last = turn.amax(dim=1, keepdim=True)
    shape = (len(turn), int(last.max()) + 1)
    played = torch.zeros(shape, dtype=torch.float64).scatter_add(1, turn, batch.mask.double())
    # Equal within a turn, so that its mean over the turn's tokens is it.
    total = torch.zeros(shape, dtype=torch.float64).scatter_add(
        1, turn, batch.extra["information_gain"].double().where(batch.mask, 0.0)
    )
    gain, paid = total / played.clamp(min=1), (played > 0) & (torch.arange(shape[1]) < last)
    score = torch.zeros(shape, dtype=torch.float64)
    score[paid] = group_zscore(gain[paid], batch.group[:, None].expand(shape)[paid])
    for number in range(shape[1] - 2, -1, -1):
        score[:, number] += gamma * score[:, number + 1]
    return score.gather(1, turn).where(batch.mask, 0.0)


def with_gains(batch: Batch, advantage: Tensor, *, weight: float, gamma: float) -> Tensor:
    """Credit: the discounted advantage plus ``weight`` times the gains to go."""
    if not bool(batch.mask.any()):
        return advantage
    turn = batch.turn.where(batch.mask, 0)
    left = turn.amax(dim=1, keepdim=True) - turn
    discounted = (advantage.double() * gamma**left).where(batch.mask, 0.0)
    return (discounted + weight * gains_to_go(batch, gamma)).to(advantage.dtype)


def igpo(weight: Size = 1.0, gamma: Fraction = 1.0) -> Addition:
    """Make the addition.

    Args:
        weight: of the gains; 0 with gamma 1 is the base itself.
        gamma: discount a turn, of gains and of the base's advantage.
    """
    return Addition(
        {"credit": partial(with_gains, weight=weight, gamma=gamma)}, annotators=(Annotation("information_gain"),)
    )
