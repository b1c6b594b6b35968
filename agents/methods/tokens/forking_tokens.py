"""Forking tokens (Wang et al. 2025, arXiv 2506.01939): only the tokens of the highest entropy are trained on.

A token keeps its advantage where its entropy, when it was sampled, is at least the (1 - keep) quantile over all
generated tokens of the step. The denominator keeps all tokens. Paper: keep 0.2, on top of DAPO.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Addition
from berrypick.agents.methods.parameters import Share


def where_it_forks(batch: Batch, advantage: Tensor, *, keep: float) -> Tensor:
    """Credit: the advantage where the policy was least sure, 0 elsewhere."""
    if not bool(batch.mask.any()):
        return advantage
    threshold = torch.quantile(batch.entropy[batch.mask], 1 - keep)
    return advantage.where(batch.entropy >= threshold, 0.0)


def forking_tokens(keep: Share = 0.2) -> Addition:
    """Make the addition: ``keep`` is the share of tokens trained on."""
    return Addition({"credit": partial(where_it_forks, keep=keep)}, alone="grpo_token")
