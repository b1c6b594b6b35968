"""DAPO (Yu et al. 2025, arXiv 2503.14476): GRPO with clip-higher, token mean, dynamic sampling, overlong shaping.

Loss 1 / sum_i |o_i| sum_{i,t} -min(r A, clip(r, 1 - 0.2, 1 + 0.28) A). Groups whose shaped rewards are all equal are
dropped and others generated, at most ``rounds`` times (10 in its recipe; there the unshaped accuracy decides, the same
as long as nothing shapes). Compare at equal generated tokens: dropped groups have cost theirs. Overlong shaping
R += min(-(len - (overlong - buffer)) / buffer * factor, 0) is off by default; paper: 20480 and 4096 tokens, factor 1.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore, level
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.losses import NO_DUAL, clipped
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Bound, Count, Fraction, Size, Times
from berrypick.agents.methods.reductions import token_mean
from berrypick.agents.methods.seams import BASE, as_paid
from berrypick.errors import BadInput


def with_spread(batch: Batch, reward: Tensor) -> Tensor:
    """Select: episodes of groups whose shaped rewards differ."""
    return ~level(reward, batch.group)


def soft_overlong(batch: Batch, *, overlong: int, buffer: int, factor: float) -> Tensor:
    """Shape: take off up to ``factor`` over the last ``buffer`` tokens before ``overlong``, and more beyond."""
    over = batch.mask.sum(dim=1) - (overlong - buffer)
    return batch.reward + (-over / buffer * factor).clamp(max=0.0).to(batch.reward.dtype)


def dapo(
    low: Fraction = 0.2,
    high: Size = 0.28,
    dual: Bound = NO_DUAL,
    rounds: Times = 10,
    overlong: Count = 0,
    buffer: Count = 0,
    factor: Size = 1.0,
) -> Method:
    """Make the method.

    Args:
        low: the lower bound is 1 - low.
        high: the upper bound is 1 + high.
        dual: see ``losses.NO_DUAL``.
        rounds: of generation in a step, at most.
        overlong: generated tokens at which an episode has lost ``factor``; 0 for no shaping.
        buffer: tokens before that in which it loses it, from 1 to ``overlong``.
        factor: what it loses.

    Raises:
        BadInput: overlong shaping with a buffer that does not fit.
    """
    if bool(overlong) != bool(buffer) or buffer > overlong:
        raise BadInput(f"dapo takes 1 to overlong ({overlong}) tokens as buffer, got {buffer}", field="method")
    shape = partial(soft_overlong, overlong=overlong, buffer=buffer, factor=factor) if overlong else as_paid
    token_loss = partial(clipped, low=low, high=high, dual=dual)
    return replace(
        BASE, name="dapo", shape=shape, select=with_spread, advantage=group_zscore, token_loss=token_loss,
        reduce=token_mean, rounds=rounds,
    )  # fmt: skip
