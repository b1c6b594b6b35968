"""Dr. GRPO (Liu et al. 2025, arXiv 2503.20783): GRPO without its two divisions.

A = R - mean, not divided by the deviation; token losses are summed and divided by n and the longest an episode may be,
a constant, not by the episode's own length. Its losses are smaller than GRPO's, and a learning rate does not carry
over.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from berrypick.agents.methods.advantages import group_centre
from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Bound, Fraction, Size
from berrypick.agents.methods.reductions import constant_length
from berrypick.agents.methods.seams import BASE


def dr_grpo(low: Fraction = 0.2, high: Size = 0.2, dual: Bound = NO_DUAL) -> Method:
    """Make the method; parameters as in ``losses.clipped_slope``."""
    token_loss = partial(clipped, low=low, high=high, dual=dual)
    return replace(BASE, name="dr_grpo", advantage=group_centre, token_loss=token_loss, reduce=constant_length)
