"""Entropy ratio clipping (ERC, 2025, arXiv 2512.05591): no gradient from tokens whose entropy has moved too far.

On top of clip-higher's loss: a token passes no gradient where H / H_old leaves (1 - low, 1 + high), H the exact entropy
now and H_old that when it was sampled. Unlike the ratio of one token's probability it sees where the rest of the
distribution went. The form was read in Kwai-Klear's code; the bounds there are 0.05 on both sides. Does nothing in the
first update of a step.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import NO_DUAL, clipped_slope, clipped_value, surrogate, token_ratio
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Fraction, Size

#: Entropies below count as this: the ratio of two certainties says nothing.
LEAST: float = 1e-4


def steady(tokens: MicroBatch, *, low: float, high: float, clip_low: float, clip_high: float) -> Tensor:
    """PPO's clipped loss, without gradient where the entropy ratio leaves its bounds."""
    ratio = token_ratio(tokens.logprobs, tokens.old_logprobs)
    now = tokens.entropy.detach().where(tokens.mask, 1.0).clamp(min=LEAST)
    moved = now / tokens.old_entropy.where(tokens.mask, 1.0).clamp(min=LEAST)
    slope = clipped_slope(ratio, tokens.advantage, clip_low, clip_high, NO_DUAL)
    slope = slope.masked_fill((moved < 1 - low) | (moved > 1 + high), 0.0)
    return surrogate(tokens, clipped_value(ratio, tokens.advantage, clip_low, clip_high, NO_DUAL), slope)


def erc(low: Fraction = 0.05, high: Size = 0.05, clip_low: Fraction = 0.2, clip_high: Size = 0.28) -> Addition:
    """Make the addition.

    Args:
        low: the entropy ratio's lower bound is 1 - low.
        high: its upper bound is 1 + high.
        clip_low: PPO's lower bound is 1 - clip_low.
        clip_high: PPO's upper bound is 1 + clip_high.
    """
    token_loss = partial(steady, low=low, high=high, clip_low=clip_low, clip_high=clip_high)
    return Addition({"token_loss": token_loss}, alone="grpo_token")
