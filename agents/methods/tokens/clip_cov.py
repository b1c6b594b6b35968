"""Clip-Cov (Cui et al. 2025, arXiv 2505.22617): a random subset of the tokens of high covariance gets no gradient.

Candidates are generated tokens that PPO does not clip and whose covariance lies between two quantiles, or two numbers;
min(max(int(ratio * tokens), 1), candidates) of them lose their loss and stay in the denominator. The rest have PPO's
clipped loss, without a dual clip. It stands on ``grpo_token``, as in the paper.

Paper: ratio 2e-4, covariance from 1 to 5, which is ``clip_cov(ratio=0.0002,least=1,most=5)``, low = high = 1 (PPO's
clipping all but off). Of our 500 to 2,000 tokens that would choose one. Default: ratio 0.02 out of the quantiles 0.95
to 0.998, ten to forty tokens; 1 is about the quantile 0.98 to 0.99 of our covariances. Numbers hold for advantages of
one scale only, GRPO's.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch, Scores
from berrypick.agents.methods.losses import clipped, clipped_slope, token_ratio
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Fraction, Share, Size
from berrypick.agents.methods.tokens.covariance import covariance, marked
from berrypick.errors import BadInput


def random_subset(
    scores: Scores, *, ratio: float, lower: float, upper: float, least: float, most: float, low: float, high: float
) -> Tensor:
    """Choose a share ``ratio`` of all tokens, drawn from those between the bounds."""
    each = covariance(scores)
    if not most:
        least, most = torch.quantile(each, each.new_tensor([lower, upper])).tolist()
    moved = token_ratio(scores.logprobs, scores.old_logprobs)
    free = clipped_slope(moved, scores.advantage, low, high, math.inf)[scores.mask] != 0
    candidates = (free & (each > least) & (each <= most)).nonzero()[:, 0]
    size = min(max(int(ratio * len(each)), 1), len(candidates))
    drawn = scores.rng.choice(len(candidates), size, replace=False)
    chosen = torch.zeros_like(free)
    chosen[candidates[torch.from_numpy(drawn).to(candidates.device)]] = True
    return marked(scores, chosen)


def without_marked(tokens: MicroBatch, *, low: float, high: float) -> Tensor:
    """Token loss: PPO's, 0 on marked tokens."""
    return clipped(tokens, low=low, high=high, dual=math.inf).masked_fill(tokens.selected, 0.0)


def clip_cov(
    ratio: Share = 0.02,
    lower: Fraction = 0.95,
    upper: Fraction = 0.998,
    least: Size = 0.0,
    most: Size = 0.0,
    low: Fraction = 1.0,
    high: Size = 1.0,
) -> Addition:
    """Make the addition.

    Args:
        ratio: tokens marked, as a share of all.
        lower: quantile of the covariance above which a token is a candidate.
        upper: quantile up to which it is one.
        least: covariance above which a token is a candidate, where ``most`` is given.
        most: covariance up to which it is one; 0 for the quantiles.
        low: PPO's lower bound is 1 - low.
        high: PPO's upper bound is 1 + high.

    Raises:
        BadInput: a lower quantile that is not below the upper one, or ``least`` not below ``most``.
    """
    if lower >= upper:
        raise BadInput(f"clip_cov takes a number below upper ({upper}) as lower, got {lower}", field="method")
    if least and least >= most:
        raise BadInput(f"clip_cov takes a number above least ({least}) as most, got {most}", field="method")
    token_filter = partial(
        random_subset, ratio=ratio, lower=lower, upper=upper, least=least, most=most, low=low, high=high
    )
    token_loss = partial(without_marked, low=low, high=high)
    return Addition({"token_filter": token_filter, "token_loss": token_loss}, alone="grpo_token")
