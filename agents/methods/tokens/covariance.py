"""Token covariance (Cui et al. 2025, arXiv 2505.22617), on which Clip-Cov and KL-Cov choose their tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Scores


def covariance(scores: Scores) -> Tensor:
    """Return (lp - mean lp) * (A - mean A) of generated tokens, row by row. Shape (tokens,).

    To first order, entropy falls with its mean: a token of large covariance is rare and punished, or frequent and
    rewarded.
    """
    new, advantage = scores.logprobs[scores.mask], scores.advantage[scores.mask]
    return (new - new.mean()) * (advantage - advantage.mean())


def marked(scores: Scores, chosen: Tensor) -> Tensor:
    """Return a choice among generated tokens, shape (tokens,), as a mask of shape (n, T)."""
    return torch.zeros_like(scores.mask).masked_scatter(scores.mask, chosen)
