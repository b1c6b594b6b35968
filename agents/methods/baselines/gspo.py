"""GSPO (Zheng et al. 2025, arXiv 2507.18071): one ratio per episode, s = exp(mean over its tokens of lp - lp_old).

Objective 1/n sum_i min(s A, clip(s, 1 - low, 1 + high) A). The gradient reaches each token through
lp - sg(lp) + sg(log s), whose mean over the episode is the gradient of log s. Only generated tokens count.

Paper: low 3e-4, high 4e-4, for episodes of thousands of tokens. Of our 20 to 60 tokens about one in six is a decision,
and where those stand at GRPO's bound of 0.2, s is exp(0.18 / 6) = 1.03; hence 0.03 and 0.04.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import BOUND, clipped_slope, clipped_value, drift, surrogate
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Fraction, Size
from berrypick.agents.methods.reductions import sequence_mean
from berrypick.agents.methods.seams import BASE


def sequence_ratio(tokens: MicroBatch) -> Tensor:
    """Return s, without gradient, at each token of its episode. Shape (n, T)."""
    length = tokens.mask.sum(dim=1, keepdim=True).clamp(min=1)
    log = drift(tokens).detach().sum(dim=1, keepdim=True) / length
    return log.clamp(-BOUND, BOUND).exp().expand(tokens.mask.shape)


def sequence_clipped(tokens: MicroBatch, *, low: float, high: float) -> Tensor:
    """PPO's clipped loss of the sequence ratio."""
    ratio = sequence_ratio(tokens)
    value = clipped_value(ratio, tokens.advantage, low, high, math.inf)
    return surrogate(tokens, value, clipped_slope(ratio, tokens.advantage, low, high, math.inf))


def gspo(low: Fraction = 0.03, high: Size = 0.04) -> Method:
    """Make the method: bounds of s are 1 - low and 1 + high."""
    token_loss = partial(sequence_clipped, low=low, high=high)
    return replace(
        BASE,
        name="gspo",
        advantage=group_zscore,
        token_loss=token_loss,
        reduce=sequence_mean,
        protected_seams=frozenset({"token_loss"}),
    )
