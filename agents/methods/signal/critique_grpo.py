"""Critique-GRPO (Zhang et al. 2025, arXiv 2506.03106, v6): groups without success get a refinement under a critique.

Where all of a group's rewards are 0, and nowhere else, each of its episodes is played again with its critique in the
prompt, and one of the new ones is kept: a success where there is one, a random one among equals. It joins the group's
baseline. Its tokens are trained under the prompt without the critique, with

    loss = -A p / (p + gamma),   d/d lp = -A gamma p / (p + gamma)^2,

p their probability there, gamma .1, unclipped. Alone it stands on ``dr_grpo``: no division by the deviation or the
length. What is gained may come from extra episodes or from the loss; the controls tell: ``critique_empty`` and
``critique_noise`` refine under critiques that say nothing, ``more_rollouts`` plays those groups once more, in the same
way as before, and keeps all.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch, MicroBatch
from berrypick.agents.methods.method import Addition, Augmentation
from berrypick.agents.methods.parameters import Positive

_ALONE = "dr_grpo"


def without_success(batch: Batch) -> Tensor:
    """Wanted: episodes of groups in which no reward is above 0."""
    solved = torch.isin(batch.group, batch.group[batch.reward > 0])
    return ~solved


def one_each(batch: Batch) -> Tensor:
    """Chosen: of each group a random one of the best-paid."""
    chosen = torch.zeros_like(batch.group, dtype=torch.bool)
    uniform = batch.uniform[:, 0]
    for group in torch.unique(batch.group):
        rows = (batch.group == group).nonzero().flatten()
        best = rows[batch.reward[rows] == batch.reward[rows].max()]
        chosen[best[uniform[best].argmin()]] = True
    return chosen


def all_of_them(batch: Batch) -> Tensor:
    """Chosen: every one."""
    return torch.ones_like(batch.group, dtype=torch.bool)


def shaped(tokens: MicroBatch, *, gamma: float) -> Tensor:
    """Off-policy loss: the shaped probability in the place of the ratio."""
    likely = tokens.logprobs.where(tokens.mask, 0.0).exp()
    return -tokens.advantage * likely / (likely + gamma)


def _refined(critic: str, gamma: float) -> Addition:
    augment = Augmentation(without_success, critic, one_each)
    return Addition({"augment": augment, "off_loss": partial(shaped, gamma=gamma)}, alone=_ALONE)


def critique_grpo(gamma: Positive = 0.1) -> Addition:
    """Make the addition; ``gamma`` is the probability at which a token is pushed hardest."""
    return _refined("steps", gamma)


def critique_verdict(gamma: Positive = 0.1) -> Addition:
    """Make the addition with the indicative critique."""
    return _refined("indicative", gamma)


def critique_answer(gamma: Positive = 0.1) -> Addition:
    """Make the addition with the indicative critique with ground truth."""
    return _refined("with_answer", gamma)


def critique_empty(gamma: Positive = 0.1) -> Addition:
    """Make the control whose critique is empty."""
    return _refined("empty", gamma)


def critique_noise(gamma: Positive = 0.1) -> Addition:
    """Make the control whose critique is of another question."""
    return _refined("noise", gamma)


def more_rollouts() -> Addition:
    """Make the control of equal compute."""
    return Addition({"augment": Augmentation(without_success, None, all_of_them)}, alone=_ALONE)
