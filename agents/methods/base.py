"""A training method: a frozen record with one pure function per seam.

The loop knows no method; a method knows neither text nor environments, only the tensors below. N episodes of a step
are padded to T tokens; ``mask`` is true on tokens that the policy generated, never on what the environment said, and
what stands elsewhere in a token tensor means nothing. A decision of the discrete track is one token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from torch import Tensor

#: What a token is for, as numbers of ``Batch.kind``.
KINDS: Final = ("think", "tool", "query", "answer")
#: The base that stands under additions.
DEFAULT: Final = "grpo"


@dataclass(frozen=True)
class Batch:
    """The episodes of one step.

    Attributes:
        reward: what the environment paid. Shape (N,).
        group: episodes of one group were asked the same question. Shape (N,), int64.
        niche: which way a rewarded episode went: the number of its headline strategy, equal numbers for
            equal strategies, one further number for successes without evidence; -1 for the rest. Shape (N,), int64.
        mask: tokens that the policy generated. Shape (N, T), bool.
        old: their log-probabilities when they were sampled. Shape (N, T).
        entropy: exact entropy of what they were sampled from, in nats. Shape (N, T).
        kind: index into ``KINDS``. Shape (N, T), int64.
        chunk: number of the turn within its episode. Shape (N, T), int64.
        planning: tokens that decide where to go (HICRA): tools, engines, relations sought and thoughts about them, and
            not the names that are copied. Shape (N, T), bool.
        lot: uniform in [0, 1), for selections by lot that follow an episode wherever it stands. Shape (N, T).
        off: refinements, which were sampled under another prompt than they are trained under; ``old`` and ``entropy``
            are those of the prompt that they are trained under. None where there are none. Shape (N,), bool.
        more: played besides by ``Method.augment``, under another prompt or not; None where there are none.
            Shape (N,), bool.
        extra: name -> tensor of the method's annotators, shape (N, ...); each annotator says which.
        inputs: what the learner that played needs to score them again; no business of a method.
    """

    reward: Tensor
    group: Tensor
    niche: Tensor
    mask: Tensor
    old: Tensor
    entropy: Tensor
    kind: Tensor
    chunk: Tensor
    planning: Tensor
    lot: Tensor
    off: Tensor | None = None
    more: Tensor | None = None
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    inputs: Any = None


@dataclass(frozen=True)
class Scores:
    """A whole optimiser batch just before its update, without gradients: what a selection of tokens is made from.

    Attributes:
        new: log-probabilities under the policy as it is now. Shape (n, T), like all but ``draw``.
        old: log-probabilities when sampled.
        entropy: exact entropy now.
        advantage: per token, after ``credit``.
        mask: as in ``Batch``.
        draw: for selections by lot.
    """

    new: Tensor
    old: Tensor
    entropy: Tensor
    advantage: Tensor
    mask: Tensor
    draw: np.random.Generator


@dataclass(frozen=True)
class Tokens:
    """A micro-batch of whole episodes with gradients. Sums over micro-batches make the optimiser batch's loss.

    Attributes:
        new: log-probabilities now, with gradient. Shape (n, T), like all tensors here.
        entropy: exact entropy now, with gradient.
        old: log-probabilities when sampled.
        reference: log-probabilities under the start policy; None unless the method asks for them.
        advantage: per token, after ``credit``.
        mask: as in ``Batch``.
        weight: what ``reduce`` gave: the loss is the sum of ``token_loss`` times it.
        marked: what ``mark`` chose, over the whole optimiser batch.
        chunk: as in ``Batch``.
        count: generated tokens in the whole optimiser batch, at least 1: the denominator of token means.
        positive: those of them in episodes that are ``favoured``, at least 1.
        state: what ``control`` keeps between steps.
        off: as in ``Batch``. Shape (n,), bool.
    """

    new: Tensor
    entropy: Tensor
    old: Tensor
    reference: Tensor | None
    advantage: Tensor
    mask: Tensor
    weight: Tensor
    marked: Tensor
    chunk: Tensor
    count: int
    positive: int
    state: Mapping[str, float]
    off: Tensor | None = None


@dataclass(frozen=True)
class Augmentation:
    """Episodes that are added to what a step played.

    Attributes:
        wanted: batch -> episodes whose question is played once more, each once. Shape (N,), bool.
        critic: row of ``agents.critics.CRITICS`` that says of those what went wrong; the new episodes read it and are
            ``Batch.off``. None for further rollouts like the first.
        chosen: batch of the new, in the groups of the old -> those that are kept. Shape (M,), bool.
    """

    wanted: Callable[[Batch], Tensor]
    critic: str | None
    chosen: Callable[[Batch], Tensor]


@dataclass(frozen=True)
class Refresh:
    """Supervised optimiser steps on demonstrations, between a run's own.

    Attributes:
        every: they come after the updates of each step of the run whose number, from 1, this divides.
        steps: optimiser steps each time.
        batch: demonstrations an optimiser step.
        questions: asked of every script; what is right is the bank that demonstrations are drawn from.
        loss: log-probabilities (n, T), mask (n, T), and how many tokens of the whole batch were demonstrated, to the
            share of some rows in its loss, a scalar.
    """

    every: int
    steps: int
    batch: int
    questions: int
    loss: Callable[[Tensor, Tensor, int], Tensor]


State = dict[str, float]


@dataclass(frozen=True)
class Annotation:
    """A signal that a method needs besides what every rollout has.

    Attributes:
        annotator: row of ``agents.training.annotators.ANNOTATORS``.
        settings: keyword arguments of the annotator.
    """

    annotator: str
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """A training recipe. Its functions are seams, in the order in which the loop calls them.

    Attributes:
        name: as users write it, parts joined with "+".
        shape: batch -> rewards. Shape (N,).
        select: batch, shaped rewards -> episodes that are trained on. Shape (N,), bool.
        advantage: rewards, groups of the selected -> advantages. Shape (N,).
        credit: batch of the selected, advantages (N,) -> advantages per token. Shape (N, T).
        mark: scores of an optimiser batch -> tokens treated in a special way. Shape (n, T), bool.
        token_loss: micro-batch -> losses. Shape (n, T).
        off_loss: the same, for tokens of episodes that are ``Batch.off``. Shape (n, T).
        regularise: micro-batch -> its share of a term added to the loss, a scalar.
        reduce: mask of an optimiser batch, tokens an episode may have -> weights of the token losses. Shape (n, T).
        control: state of the step before, mean entropy of this step's generated tokens -> state for its updates.
        state: what ``control`` starts from.
        augment: what is played besides; None for nothing.
        refresh: what is imitated between steps; None for nothing.
        reference: whether ``Tokens.reference`` is needed.
        annotators: what puts the tensors into ``Batch.extra`` that the seams read.
        marks: whether ``mark`` chooses anything, so that it is worth a forward pass.
        rounds: how often a step may generate further groups to make up for those that ``select`` dropped.
        keeps: seams without which a base would be another method, so that no addition may replace them.
    """

    name: str
    shape: Callable[[Batch], Tensor]
    select: Callable[[Batch, Tensor], Tensor]
    advantage: Callable[[Tensor, Tensor], Tensor]
    credit: Callable[[Batch, Tensor], Tensor]
    mark: Callable[[Scores], Tensor]
    token_loss: Callable[[Tokens], Tensor]
    off_loss: Callable[[Tokens], Tensor]
    regularise: Callable[[Tokens], Tensor]
    reduce: Callable[[Tensor, int], Tensor]
    control: Callable[[State, float], State]
    state: Mapping[str, float]
    augment: Augmentation | None = None
    refresh: Refresh | None = None
    reference: bool = False
    annotators: tuple[Annotation, ...] = ()
    marks: bool = False
    rounds: int = 1
    keeps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Addition:
    """What a method that is no base puts in place of a base's seams.

    Attributes:
        seams: name of a field of ``Method`` that is a seam -> what stands there instead.
        alone: the base where it is the only part of a name.
        state: what ``control`` starts from, where it is among them.
        reference: as in ``Method``.
        annotators: as in ``Method``.
    """

    seams: Mapping[str, Callable[..., Any] | Augmentation | Refresh]
    alone: str = DEFAULT
    state: Mapping[str, float] = field(default_factory=dict)
    reference: bool = False
    annotators: tuple[Annotation, ...] = ()


def favoured(advantage: Tensor, mask: Tensor) -> Tensor:
    """Return which episodes have an advantage that is not negative, however ``credit`` spread it. Shape (n,), bool.

    Args:
        advantage: per token, after ``credit``. Shape (n, T).
        mask: as in ``Batch``.
    """
    return advantage.where(mask, 0.0).sum(dim=1) >= 0


def loss(method: Method, tokens: Tokens) -> Tensor:
    """Return the micro-batch's share of the loss, a scalar."""
    each = method.token_loss(tokens)
    if tokens.off is not None:
        each = method.off_loss(tokens).where(tokens.off[:, None], each)
    each = each.where(tokens.mask, 0.0)
    return (each * tokens.weight).sum() + method.regularise(tokens)
