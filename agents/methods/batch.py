"""What a training method sees: the tensors of one step.

N episodes are padded to T tokens; ``mask`` is true on tokens that the policy generated, never on what the environment
said, and values elsewhere in a token tensor mean nothing. A decision of the discrete track is one token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from torch import Tensor

#: What a token is for, as numbers of ``Batch.token_type``.
TOKEN_TYPES: Final = ("think", "tool", "query", "answer")


@dataclass(frozen=True)
class Batch:
    """The episodes of one step.

    Attributes:
        reward: what the environment paid. Shape (N,).
        group: episodes of one group were asked the same question. Shape (N,), int64.
        strategy_id: which way a rewarded episode went: the number of its headline strategy, equal numbers for
            equal strategies, one further number for successes without evidence; -1 for the rest. Shape (N,), int64.
        mask: tokens that the policy generated. Shape (N, T), bool.
        old_logprobs: their log-probabilities when they were sampled. Shape (N, T).
        entropy: exact entropy of what they were sampled from, in nats. Shape (N, T).
        token_type: index into ``TOKEN_TYPES``. Shape (N, T), int64.
        turn: number of the turn within its episode. Shape (N, T), int64.
        planning: tokens that decide where to go (HICRA): tools, engines, relations sought and thoughts about them, and
            not the names that are copied. Shape (N, T), bool.
        uniform: uniform in [0, 1), for random selections that follow an episode wherever it stands. Shape (N, T).
        off: refinements, which were sampled under another prompt than they are trained under; ``old_logprobs`` and
            ``entropy`` are those of the prompt that they are trained under. None where there are none. Shape (N,),
            bool.
        more: played besides by ``method.Method.augment``, under another prompt or not; None where there are none.
            Shape (N,), bool.
        extra: name -> tensor of the method's annotators, shape (N, ...); each annotator says which.
        inputs: what the learner that played needs to score them again; no business of a method.
    """

    reward: Tensor
    group: Tensor
    strategy_id: Tensor
    mask: Tensor
    old_logprobs: Tensor
    entropy: Tensor
    token_type: Tensor
    turn: Tensor
    planning: Tensor
    uniform: Tensor
    off: Tensor | None = None
    more: Tensor | None = None
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    inputs: Any = None


@dataclass(frozen=True)
class Scores:
    """A whole optimiser batch just before its update, without gradients: what a selection of tokens is made from.

    Attributes:
        logprobs: log-probabilities under the policy as it is now. Shape (n, T), like all but ``rng``.
        old_logprobs: log-probabilities when sampled.
        entropy: exact entropy now.
        advantage: per token, after ``credit``.
        mask: as in ``Batch``.
        rng: for random selections.
    """

    logprobs: Tensor
    old_logprobs: Tensor
    entropy: Tensor
    advantage: Tensor
    mask: Tensor
    rng: np.random.Generator


@dataclass(frozen=True)
class MicroBatch:
    """A micro-batch of whole episodes with gradients. Sums over micro-batches make the optimiser batch's loss.

    Attributes:
        logprobs: log-probabilities now, with gradient. Shape (n, T), like all tensors here.
        entropy: exact entropy now, with gradient.
        old_logprobs: log-probabilities when sampled.
        old_entropy: exact entropy when sampled.
        reference: log-probabilities under the start policy; None unless the method asks for them.
        advantage: per token, after ``credit``.
        mask: as in ``Batch``.
        weight: what ``reduce`` gave: the loss is the sum of ``token_loss`` times it.
        selected: what ``mark`` chose, over the whole optimiser batch.
        turn: as in ``Batch``.
        count: generated tokens in the whole optimiser batch, at least 1: the denominator of token means.
        good: whether the advantage of an episode, before ``credit`` spread it, is not negative. Shape (n,), bool.
        positive: generated tokens of good episodes in the whole optimiser batch, at least 1.
        state: what ``control`` keeps between steps.
        off: as in ``Batch``. Shape (n,), bool.
    """

    logprobs: Tensor
    entropy: Tensor
    old_logprobs: Tensor
    old_entropy: Tensor
    reference: Tensor | None
    advantage: Tensor
    mask: Tensor
    weight: Tensor
    selected: Tensor
    turn: Tensor
    good: Tensor
    count: int
    positive: int
    state: Mapping[str, float]
    off: Tensor | None = None
