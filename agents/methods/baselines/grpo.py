"""GRPO (Shao et al. 2024, arXiv 2402.03300): A = (R - mean) / std in a group, PPO's clipped loss, mean over episodes.

Loss 1/n sum_i 1/|o_i| sum_t -min(r A, clip(r, 1 - low, 1 + high) A). Paper: low = high = 0.2, no dual clip, and a KL
term of 0.04, which is ``+kl_reference`` here. ``grpo_token`` is the same with the mean over all tokens of an optimiser
batch (DAPO's reduction; verl's default), on which the papers of most clipping and covariance methods stand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Bound, Ddof, Fraction, Size
from berrypick.agents.methods.reductions import sequence_mean, token_mean
from berrypick.agents.methods.seams import BASE


def grpo(low: Fraction = 0.2, high: Size = 0.2, dual: Bound = NO_DUAL, ddof: Ddof = 0) -> Method:
    """Make the method; ``ddof`` as in ``advantages.group_zscore``, the others as in ``losses.clipped_slope``."""
    token_loss, advantage = partial(clipped, low=low, high=high, dual=dual), partial(group_zscore, ddof=ddof)
    return replace(BASE, name="grpo", advantage=advantage, token_loss=token_loss, reduce=sequence_mean)


def grpo_token(low: Fraction = 0.2, high: Size = 0.2, dual: Bound = NO_DUAL, ddof: Ddof = 0) -> Method:
    """Make the method with a token mean; parameters as of ``grpo``."""
    return replace(grpo(low, high, dual, ddof), name="grpo_token", reduce=token_mean)
