"""CISPO (MiniMax-M1, 2025, arXiv 2506.13585): clip the weight of a token's gradient, never the gradient itself.

Objective: token mean of sg(clip(r, 1 - low, 1 + high)) * A * lp. The paper has no lower bound in effect (low = 1) and
does not disclose ``high``. Default 4: a weight of at most 5, as in SkyRL and in TRL's documentation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import surrogate, token_ratio
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Fraction, Size
from berrypick.agents.methods.reductions import token_mean
from berrypick.agents.methods.seams import BASE


def clipped_weight(tokens: MicroBatch, *, low: float, high: float) -> Tensor:
    """-A * clip(r, 1 - low, 1 + high), with that as gradient too."""
    weight = token_ratio(tokens.logprobs, tokens.old_logprobs).clamp(1 - low, 1 + high)
    return surrogate(tokens, weight, weight)


def cispo(low: Fraction = 1.0, high: Size = 4.0) -> Method:
    """Make the method: the weight stays within 1 - low and 1 + high."""
    token_loss = partial(clipped_weight, low=low, high=high)
    return replace(
        BASE,
        name="cispo",
        advantage=group_zscore,
        token_loss=token_loss,
        reduce=token_mean,
        protected_seams=frozenset({"token_loss"}),
    )
