"""Entropy-shaped advantage (Cheng et al. 2025, arXiv 2506.14758): tokens that were uncertain are worth more.

A' = A + min(alpha * H, |A| / kappa), H the entropy of what the token was sampled from, without gradient: the sign of A
stays for kappa > 1. Paper: alpha 0.4, kappa 2, added to GRPO's and PPO's advantages.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Bound, Size


def uncertain(batch: Batch, advantage: Tensor, *, alpha: float, kappa: float) -> Tensor:
    """Credit: A + min(alpha H, |A| / kappa)."""
    bonus = torch.minimum(alpha * batch.entropy.to(advantage.dtype), advantage.abs() / kappa)
    return (advantage + bonus).where(batch.mask, 0.0)


def entropy_advantage(alpha: Size = 0.4, kappa: Bound = 2.0) -> Addition:
    """Make the addition.

    Args:
        alpha: weight of the entropy, an advantage a nat.
        kappa: the bonus is at most 1 / kappa of |A|.
    """
    return Addition({"credit": partial(uncertain, alpha=alpha, kappa=kappa)})
