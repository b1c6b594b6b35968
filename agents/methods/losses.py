"""Token losses: micro-batch -> losses, shape (n, T), 0 where nothing was generated.

A loss is written as value and slope: ``-A * (value + slope * (lp - sg(lp)))`` has the given value and the gradient
``-A * slope``, whatever autograd would make of the ties and bounds of ``min`` and ``clamp``. In ``slope`` the methods
differ: with r = exp(lp - lp_old)

| region | PPO | GPPO | CISPO |
|---|---|---|---|
| A > 0, r > 1 + high | 0 | above * (1 + high) | 1 + high |
| A < 0, r < 1 - low | 0 | below * (1 - low) | 1 - low |
| A < 0, r > 1 + high | r, 0 beyond dual | r, 0 beyond dual | 1 + high |
| A > 0, r < 1 - low | r | r | 1 - low |
| otherwise | r | r | r |
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch

#: |lp - lp_old| beyond which a ratio grows no further: exp would overflow.
BOUND: Final = 20.0

#: Dual clip (Ye et al. 2020, arXiv 1912.09729): bounds r where A < 0; ``inf`` for none, as in the papers of GRPO, Dr.
#: GRPO and DAPO, and in TRL. verl has 3 unless told otherwise.
NO_DUAL: Final = math.inf
#: That of the scripts of GPPO and CE-GPPO.
DUAL: Final = 10.0


def drift(tokens: MicroBatch) -> Tensor:
    """Return lp - lp_old with its gradient; 0 where nothing was generated, whatever stands there."""
    return (tokens.logprobs - tokens.old_logprobs).where(tokens.mask, 0.0)


def token_ratio(new: Tensor, old: Tensor) -> Tensor:
    """Return r = exp(lp - lp_old) without gradient. Shape (n, T)."""
    return (new.detach() - old).clamp(-BOUND, BOUND).exp()


def surrogate(tokens: MicroBatch, value: Tensor, slope: Tensor) -> Tensor:
    """Return losses -A * value whose gradients are -A * slope.

    Args:
        tokens: the micro-batch.
        value: without gradient. Shape (n, T).
        slope: without gradient. Shape (n, T).
    """
    # Masked on both ends: NaN outside the mask must neither come out nor meet a gradient of 0 on its way back.
    new = tokens.logprobs.where(tokens.mask, 0.0)
    return (-tokens.advantage * (value + slope * (new - new.detach()))).where(tokens.mask, 0.0)


def clipped_value(ratio: Tensor, advantage: Tensor, low: float, high: float, dual: float) -> Tensor:
    """Return what PPO's clipped objective multiplies A with: min(r, 1 + high), for A < 0 max(r, 1 - low) up to dual."""
    return torch.where(advantage > 0, ratio.clamp(max=1 + high), ratio.clamp(min=1 - low, max=dual))


def clipped_slope(
    ratio: Tensor, advantage: Tensor, low: float, high: float, dual: float, below: float = 0.0, above: float = 0.0
) -> Tensor:
    """Return the columns PPO (``below`` and ``above`` 0) and GPPO (1) of the table above.

    Args:
        ratio: r. Shape (n, T).
        advantage: A. Shape (n, T).
        low: the lower bound is 1 - low.
        high: the upper bound is 1 + high.
        dual: see ``DUAL``.
        below: how much gradient is left where A < 0 and r is below its bound.
        above: how much gradient is left where A > 0 and r is above its bound.
    """
    over = (advantage > 0) & (ratio > 1 + high)
    under = (advantage < 0) & (ratio < 1 - low)
    beyond = (advantage < 0) & (ratio > dual)
    slope = ratio.masked_fill(over, above * (1 + high)).masked_fill(under, below * (1 - low))
    return slope.masked_fill(beyond, 0.0)


def clipped(
    tokens: MicroBatch, *, low: float, high: float, dual: float, below: float = 0.0, above: float = 0.0
) -> Tensor:
    """PPO's clipped loss (Schulman et al. 2017, arXiv 1707.06347) with asymmetric bounds, or GPPO's.

    Arguments as in ``clipped_slope``.
    """
    ratio = token_ratio(tokens.logprobs, tokens.old_logprobs)
    value = clipped_value(ratio, tokens.advantage, low, high, dual)
    return surrogate(tokens, value, clipped_slope(ratio, tokens.advantage, low, high, dual, below, above))


def importance(tokens: MicroBatch) -> Tensor:
    """-A * r, without any clipping."""
    ratio = token_ratio(tokens.logprobs, tokens.old_logprobs)
    return surrogate(tokens, ratio, ratio)


def score_function(tokens: MicroBatch) -> Tensor:
    """-A * lp, the policy gradient of REINFORCE (Williams 1992)."""
    return surrogate(tokens, tokens.logprobs.detach(), torch.ones_like(tokens.logprobs))
