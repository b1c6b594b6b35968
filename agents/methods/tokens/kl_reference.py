"""KL to the start policy (GRPO's term, Shao et al. 2024, arXiv 2402.03300): loss + beta * token mean of k3.

k3 = exp(d) - d - 1 with d = lp_ref - lp (Schulman 2020, joschu.net/blog/kl-approx.html): unbiased on samples of the
policy, never negative, gradient 1 - exp(d). Paper: beta 0.04; search agents use 1e-3 (Search-R1).
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import BOUND
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Size


def k3(tokens: MicroBatch, *, beta: float) -> Tensor:
    """Regularise: beta * mean k3 over generated tokens."""
    assert tokens.reference is not None, "the loop scores the start policy where Method.reference asks for it"
    away = (tokens.reference - tokens.logprobs).where(tokens.mask, 0.0).clamp(-BOUND, BOUND)
    return beta * (away.exp() - away - 1).sum() / tokens.count


def kl_reference(beta: Size = 0.04) -> Addition:
    """Make the addition."""
    return Addition({"regularise": partial(k3, beta=beta)}, reference=True)
