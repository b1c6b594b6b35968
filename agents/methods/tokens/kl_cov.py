"""KL-Cov (Cui et al. 2025, arXiv 2505.22617): tokens of the highest covariance are held to the rollout policy.

Loss -A * r, unclipped, plus beta * |lp - lp_old| on the max(1, int(ratio * tokens)) tokens of the highest covariance,
reduced like the token losses; on ``grpo_token``, as in the paper. Adds nothing in the first update of a step, where
lp = lp_old.

Paper: beta 1, ratio 2e-3 (7B) and 2e-4 (32B). Of our 500 to 2,000 tokens that would choose one to four, and 0.02 was
seen to change nothing (one draft run). Default: ratio 0.05, twenty-five to a hundred tokens.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch, Scores
from berrypick.agents.methods.losses import drift, importance
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Share, Size
from berrypick.agents.methods.tokens.covariance import covariance, marked


def highest(scores: Scores, *, ratio: float) -> Tensor:
    """Mark: the tokens of the highest covariance; of equal ones the first."""
    each = covariance(scores)
    order = each.argsort(descending=True, stable=True)
    chosen = torch.zeros_like(each, dtype=torch.bool)
    chosen[order[: max(1, int(ratio * len(each)))]] = True
    return marked(scores, chosen)


def hold(tokens: MicroBatch, *, beta: float) -> Tensor:
    """Regularise: beta * |lp - lp_old| on marked tokens, weighted like their losses."""
    return beta * (drift(tokens).abs() * tokens.weight).where(tokens.selected, 0.0).sum()


def kl_cov(ratio: Share = 0.05, beta: Size = 1.0) -> Addition:
    """Make the addition.

    Args:
        ratio: tokens marked, as a share of all.
        beta: weight of their distance.
    """
    token_filter = partial(highest, ratio=ratio)
    term = partial(hold, beta=beta)
    return Addition({"token_filter": token_filter, "token_loss": importance, "regularise": term}, alone="grpo_token")
