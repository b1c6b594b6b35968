"""GMPO (Zhao et al. 2025, arXiv 2507.20673): the geometric mean of an episode's token ratios, clipped token by token.

Objective 1/n sum_i s_i A_i, s_i = exp(mean over its tokens of c_t), c_t = log r_t, but where A > 0 at most ``high`` and
where A < 0 at least -``low``; a clipped token passes no gradient. Bounds are those of log r. Paper and verl (loss mode
``geo_mean``): 0.4 on both sides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import BOUND, drift, surrogate
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.parameters import Size
from berrypick.agents.methods.reductions import sequence_mean
from berrypick.agents.methods.seams import BASE


def geometric(tokens: MicroBatch, *, low: float, high: float) -> Tensor:
    """-A * s at each token of an episode; the gradient of log s reaches the tokens that are not clipped."""
    log = drift(tokens).detach().clamp(-BOUND, BOUND)
    good = tokens.advantage > 0
    clipped = torch.where(good, log.clamp(max=high), log.clamp(min=-low)).where(tokens.mask, 0.0)
    length = tokens.mask.sum(dim=1, keepdim=True).clamp(min=1)
    ratio = (clipped.sum(dim=1, keepdim=True) / length).exp().expand(log.shape)
    return surrogate(tokens, ratio, ratio.where(clipped == log, 0.0))


def gmpo(low: Size = 0.4, high: Size = 0.4) -> Method:
    """Make the method.

    Args:
        low: log r of a bad episode's token counts as no lower than -low.
        high: log r of a good episode's token counts as no higher.
    """
    token_loss = partial(geometric, low=low, high=high)
    return replace(
        BASE,
        name="gmpo",
        advantage=group_zscore,
        token_loss=token_loss,
        reduce=sequence_mean,
        protected_seams=frozenset({"token_loss"}),
    )
