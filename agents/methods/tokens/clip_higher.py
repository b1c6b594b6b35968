"""Clip-higher (DAPO, Yu et al. 2025, arXiv 2503.14476): PPO's clipped loss with more room above 1 than below.

A token of small probability reaches 1 + high after a small step; more room lets rare good tokens grow. Paper: 0.2,
0.28.
"""

from __future__ import annotations

from functools import partial

from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Bound, Fraction, Size


def clip_higher(low: Fraction = 0.2, high: Size = 0.28, dual: Bound = NO_DUAL) -> Addition:
    """Make the addition; parameters as in ``losses.clipped_slope``."""
    return Addition({"token_loss": partial(clipped, low=low, high=high, dual=dual)}, alone="grpo_token")
