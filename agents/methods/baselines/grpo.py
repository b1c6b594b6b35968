"""GRPO (Shao et al. 2024, arXiv 2402.03300): A = (R - mean) / std in a group, PPO's clipped loss, mean over episodes.

Loss 1/n sum_i 1/|o_i| sum_t -min(r A, clip(r, 1 - low, 1 + high) A). Paper: low = high = 0.2, and a KL term of 0.04,
which is ``+kl_reference`` here. Standard deviation and dual clip: see ``advantages`` and ``losses``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.losses import DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Bound, Fraction, Size
from berrypick.agents.methods.reductions import sequence_mean
from berrypick.agents.methods.seams import BASE


def grpo(low: Fraction = 0.2, high: Size = 0.2, dual: Bound = DUAL) -> Method:
    """Make the method; parameters as in ``losses.clipped_slope``."""
    token_loss = partial(clipped, low=low, high=high, dual=dual)
    return replace(BASE, name="grpo", advantage=group_zscore, token_loss=token_loss, reduce=sequence_mean)
