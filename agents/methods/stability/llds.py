"""LLDS (Deng et al. 2025, arXiv 2512.04220): hold up the likelihood of good episodes' turns that lose it.

Loss + coefficient * token mean of 1[A >= 0] 1[sum over the turn of lp_old - lp > 0] max(0, lp_old - lp), against "lazy
likelihood displacement", in which a search agent's good episodes become less likely until training collapses. A is the
episode's own, before ``credit``. The mean is over generated tokens whatever the base reduces by: the paper's term is a
token mean beside a token-mean loss, and has a meaning of its own. Adds nothing where lp = lp_old. Paper: 0.2, with a KL
term of 1e-3, which is ``llds+kl_reference(beta=0.001)``.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import drift
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Size


def loses_likelihood(tokens: MicroBatch, lost: Tensor) -> Tensor:
    """Return which tokens are in a turn whose likelihood fell.

    Args:
        tokens: the micro-batch.
        lost: lp_old - lp, 0 where nothing was generated. Shape (n, T).
    """
    turn = tokens.turn.where(tokens.mask, 0)
    turns = int(turn.max()) + 1
    sums = torch.zeros(len(turn), turns, dtype=lost.dtype, device=lost.device).scatter_add(1, turn, lost)
    return sums.gather(1, turn) > 0


def preserve(tokens: MicroBatch, *, coefficient: float) -> Tensor:
    """Regularise: what good episodes' tokens lost, in turns that lost some."""
    lost = -drift(tokens)
    held = loses_likelihood(tokens, lost.detach()) & tokens.good[:, None]
    return coefficient * lost.relu().where(held, 0.0).sum() / tokens.count


def llds(coefficient: Size = 0.2) -> Addition:
    """Make the addition."""
    return Addition({"regularise": partial(preserve, coefficient=coefficient)})
