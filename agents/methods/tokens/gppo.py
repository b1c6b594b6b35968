"""GPPO (Klear-Reasoner, Su et al. 2025, arXiv 2508.07629) and CE-GPPO (2025, arXiv 2509.20712): clip, keep gradient.

The value of the loss is clip-higher's; where PPO's clipping leaves no gradient, there remains above * (1 + high) for
A > 0 and below * (1 - low) for A < 0 (column GPPO in ``losses``). Dual clipping still takes it away.

Paper: 0.2, 0.28, dual clip 10, above = below = 1 (GPPO); above = 1 and below 0.5 (CE-GPPO's script of 1.5B) or 0.75
(of 7B), since gradient below the lower bound pushes rare tokens further down. The official code of CE-GPPO logs a loss
that is scaled by these too; its gradient is this one. Both stand on ``grpo_token``, as in the papers. Klear's further
loss on the text of correct answers is not part of it.
"""

from __future__ import annotations

from functools import partial

from berrypick.agents.methods.losses import DUAL, clipped
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Bound, Fraction, Size


def gppo(low: Fraction = 0.2, high: Size = 0.28, dual: Bound = DUAL) -> Addition:
    """Make GPPO; parameters as in ``losses.clipped_slope``."""
    return ce_gppo(below=1.0, above=1.0, low=low, high=high, dual=dual)


def ce_gppo(
    below: Size = 0.5, above: Size = 1.0, low: Fraction = 0.2, high: Size = 0.28, dual: Bound = DUAL
) -> Addition:
    """Make CE-GPPO; parameters as in ``losses.clipped_slope``."""
    return Addition(
        {"token_loss": partial(clipped, low=low, high=high, dual=dual, below=below, above=above)}, alone="grpo_token"
    )
