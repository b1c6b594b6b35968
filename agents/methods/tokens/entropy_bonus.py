"""Entropy bonus (Williams & Peng 1991; Mnih et al. 2016, arXiv 1602.01783): loss - coefficient * token mean of H.

H is the exact entropy over the whole vocabulary, with its gradient. Language models of 7B take 0.005 and explode at
0.01 (Cui et al. 2025, arXiv 2505.22617); a policy of 0.8 M parameters exploded at 0.1 and held entropy at 0.03, with
one strategy left all the same (draft runs). Default 0.01.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Size


def mean_entropy(tokens: MicroBatch) -> Tensor:
    """Return the micro-batch's share of the mean entropy of generated tokens, a scalar."""
    return tokens.entropy.where(tokens.mask, 0.0).sum() / tokens.count


def bonus(tokens: MicroBatch, *, coefficient: float) -> Tensor:
    """Regularise: -coefficient * mean entropy."""
    return -coefficient * mean_entropy(tokens)


def entropy_bonus(coefficient: Size = 0.01) -> Addition:
    """Make the addition."""
    return Addition({"regularise": partial(bonus, coefficient=coefficient)})
