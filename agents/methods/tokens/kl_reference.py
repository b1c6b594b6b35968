"""KL to the start policy (GRPO's term, Shao et al. 2024, arXiv 2402.03300, eq. 3): loss + beta * KL of each token.

The estimate of a token's KL is reduced as the policy loss is (eq. 3, verl, TRL): GRPO's mean over episodes, a token
mean, or Dr. GRPO's constant. With d = lp_ref - lp (Schulman 2020, joschu.net/blog/kl-approx.html), ``estimator``
chooses k1 = -d, k2 = d^2 / 2, or k3 = exp(d) - d - 1, the default, which is the paper's: unbiased on samples of the
policy, never negative, gradient 1 - exp(d). Paper: beta 0.04; search agents use 1e-3 (Search-R1).
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import BOUND
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Estimator, Size


def kl(tokens: MicroBatch, *, beta: float, estimator: int) -> Tensor:
    """Regularise: beta * the estimate of KL(policy, start policy), weighted like the token losses."""
    assert tokens.reference is not None, "the loop scores the start policy where Method.reference asks for it"
    away = (tokens.reference - tokens.logprobs).where(tokens.mask, 0.0).clamp(-BOUND, BOUND)
    each = {1: -away, 2: away.square() / 2, 3: away.exp() - away - 1}[estimator]
    return beta * (each * tokens.weight).sum()


def kl_reference(beta: Size = 0.04, estimator: Estimator = 3) -> Addition:
    """Make the addition.

    Args:
        beta: weight of the term.
        estimator: 1, 2 or 3, for k1, k2 and k3.
    """
    return Addition({"regularise": partial(kl, beta=beta, estimator=estimator)}, reference=True)
