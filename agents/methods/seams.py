"""What stands in a seam that a method leaves alone, and ``BASE``, which bases are made from."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from berrypick.agents.methods.advantages import group_zscore
from berrypick.agents.methods.batch import Batch, MicroBatch, Scores
from berrypick.agents.methods.losses import score_function
from berrypick.agents.methods.method import Method, State
from berrypick.agents.methods.reductions import token_mean


def as_paid(batch: Batch) -> Tensor:
    """Shape: the rewards themselves."""
    return batch.reward


def every_episode(batch: Batch, reward: Tensor) -> Tensor:
    """Select: train on all."""
    return torch.ones_like(reward, dtype=torch.bool)


def uniform(batch: Batch, advantage: Tensor) -> Tensor:
    """Credit: every generated token of an episode has its advantage."""
    return advantage


def spread(batch: Batch, advantage: Tensor) -> Tensor:
    """Return the advantages of episodes (N,) at each of their generated tokens, 0 elsewhere. Shape (N, T)."""
    return advantage[:, None].expand(batch.mask.shape).where(batch.mask, 0.0)


def no_token(scores: Scores) -> Tensor:
    """Mark: nothing."""
    return torch.zeros_like(scores.mask)


def no_term(tokens: MicroBatch) -> Tensor:
    """Regularise: nothing."""
    return tokens.logprobs.new_zeros(())


def unchanged(state: State, entropy: float) -> State:
    """Control: keep the state."""
    return state


#: A policy gradient with nothing but what a base has to choose anew: ``name``, and where it differs the rest.
BASE: Final = Method(
    name="",
    shape=as_paid,
    select=every_episode,
    advantage=group_zscore,
    credit=uniform,
    token_filter=no_token,
    token_loss=score_function,
    off_loss=score_function,
    regularise=no_term,
    reduce=token_mean,
    control=unchanged,
    state={},
)
