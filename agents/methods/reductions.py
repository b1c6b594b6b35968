"""Reductions: mask of an optimiser batch (n, T), tokens an episode may have -> weights of its token losses (n, T)."""

from __future__ import annotations

from torch import Tensor


def token_mean(mask: Tensor, limit: int) -> Tensor:
    """Every token weighs the same: 1 / all tokens (DAPO)."""
    return mask.float() / mask.sum().clamp(min=1)


def sequence_mean(mask: Tensor, limit: int) -> Tensor:
    """Every episode weighs the same: 1 / (n * tokens of the episode) (GRPO)."""
    return mask.float() / mask.sum(dim=1, keepdim=True).clamp(min=1) / len(mask)


def constant_length(mask: Tensor, limit: int) -> Tensor:
    """1 / (n * limit), a constant whatever the lengths and the padding (Dr. GRPO)."""
    return mask.float() / (len(mask) * limit)


def sequence_sum(mask: Tensor, limit: int) -> Tensor:
    """1 / n: the log-probability of an episode is the sum of its tokens' (REINFORCE)."""
    return mask.float() / len(mask)
