"""Search SAPO (2026, arXiv 2603.10069): lift the ratio of good episodes' tokens where it is low.

Loss + weight * mean of -log r * 1[r <= threshold] over the generated tokens of episodes with A >= 0, zeros included. A
is the episode's own, before ``credit``; the mean is the paper's, whatever the base reduces by. Adds -weight / N to the
gradient of such a token's log-probability, 0 elsewhere. The paper's weight and threshold are not known here; search
from 0.1 and 1. At 1, it acts where lp = lp_old too; below 1, only on tokens that have fallen.
"""

from __future__ import annotations

import math
from functools import partial

from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import drift
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Positive, Size


def lift(tokens: MicroBatch, *, weight: float, threshold: float) -> Tensor:
    """Regularise: -log r of good episodes' tokens at or below the threshold."""
    log = drift(tokens)
    low = (log.detach() <= math.log(threshold)) & tokens.good[:, None]
    return -weight * log.where(low, 0.0).sum() / tokens.positive


def search_sapo(weight: Size = 0.1, threshold: Positive = 1.0) -> Addition:
    """Make the addition: ``threshold`` is the r up to which a token is lifted."""
    return Addition({"regularise": partial(lift, weight=weight, threshold=threshold)})
