"""Soft adaptive policy optimisation (SAPO, 2025, arXiv 2511.20347): a sigmoid gate in the place of hard clipping.

Loss -A * (4 / tau) * sigmoid(tau * (r - 1)), tau 1.0 where A > 0 and 1.05 where A < 0, so that bad tokens are held
tighter. Its gradient is -A * 4 g (1 - g) r, g the gate: that of REINFORCE at r = 1, and fading on both sides. The
formula is verl's (loss mode ``sapo``). Not the "search SAPO" of arXiv 2603.10069, which is ``search_sapo``.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import surrogate, token_ratio
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Positive


def gated(tokens: MicroBatch, *, good: float, bad: float) -> Tensor:
    """-A * (4 / tau) * gate, with its gradient."""
    ratio = token_ratio(tokens.logprobs, tokens.old_logprobs)
    tau = torch.where(tokens.advantage > 0, good, bad).to(ratio.dtype)
    gate = torch.sigmoid(tau * (ratio - 1))
    return surrogate(tokens, 4 / tau * gate, 4 * gate * (1 - gate) * ratio)


def soft_sapo(good: Positive = 1.0, bad: Positive = 1.05) -> Addition:
    """Make the addition.

    Args:
        good: tau where A > 0.
        bad: tau where A < 0.
    """
    return Addition({"token_loss": partial(gated, good=good, bad=bad)})
