"""REPO (2026, arXiv 2603.11682): take the likely tokens down a little, the unlikely ones up.

A' = A - zeta * (lp - mean lp), lp the log-probability when sampled, the mean over all generated tokens of the step. To
first order the term undoes the covariance of log-probability and advantage by which entropy falls (Cui et al. 2025).
Read in a summary: ``zeta`` is ours to search, and the paper's other half, ADAPO's adaptive clip bounds, is not built.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Size


def decorrelated(batch: Batch, advantage: Tensor, *, zeta: float) -> Tensor:
    """Credit: A - zeta (lp - mean lp)."""
    if not bool(batch.mask.any()):
        return advantage
    away = batch.old_logprobs - batch.old_logprobs[batch.mask].mean()
    return (advantage - zeta * away.to(advantage.dtype)).where(batch.mask, 0.0)


def repo(zeta: Size = 0.05) -> Addition:
    """Make the addition: ``zeta`` is an advantage a nat."""
    return Addition({"credit": partial(decorrelated, zeta=zeta)})
