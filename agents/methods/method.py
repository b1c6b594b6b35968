"""A training method: a frozen record with one pure function per seam.

The loop knows no method; a method knows neither text nor environments, only the tensors of ``methods.batch``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from torch import Tensor

from berrypick.agents.methods.batch import Batch, MicroBatch, Scores

#: The base that stands under additions that name none.
DEFAULT: Final = "grpo"


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
        questions: asked of every script; what is right is kept, and demonstrations are drawn from it.
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
        credit: batch of the selected, advantages per token, equal within an episode and 0 outside of the mask ->
            advantages per token. Shapes (N, T).
        token_filter: scores of an optimiser batch -> tokens treated in a special way. Shape (n, T), bool.
        token_loss: micro-batch -> losses. Shape (n, T).
        off_loss: the same, for tokens of episodes that are ``Batch.off``. Shape (n, T).
        regularise: micro-batch -> its share of a term added to the loss, a scalar.
        reduce: mask of an optimiser batch, tokens an episode may have -> weights of the token losses. Shape (n, T).
        control: state of the step before, mean entropy of this step's generated tokens -> state for its updates.
        state: what ``control`` starts from.
        augment: what is played besides; None for nothing.
        refresh: what is imitated between steps; None for nothing.
        reference: whether ``MicroBatch.reference`` is needed.
        annotators: what puts the tensors into ``Batch.extra`` that the seams read.
        needs_token_filter: whether ``token_filter`` chooses anything, so that it is worth a forward pass.
        rounds: how often a step may generate further groups to make up for those that ``select`` dropped.
        protected_seams: seams without which a base would be another method, so that no addition may replace them.
    """

    name: str
    shape: Callable[[Batch], Tensor]
    select: Callable[[Batch, Tensor], Tensor]
    advantage: Callable[[Tensor, Tensor], Tensor]
    credit: Callable[[Batch, Tensor], Tensor]
    token_filter: Callable[[Scores], Tensor]
    token_loss: Callable[[MicroBatch], Tensor]
    off_loss: Callable[[MicroBatch], Tensor]
    regularise: Callable[[MicroBatch], Tensor]
    reduce: Callable[[Tensor, int], Tensor]
    control: Callable[[State, float], State]
    state: Mapping[str, float]
    augment: Augmentation | None = None
    refresh: Refresh | None = None
    reference: bool = False
    annotators: tuple[Annotation, ...] = ()
    needs_token_filter: bool = False
    rounds: int = 1
    protected_seams: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Addition:
    """What a method that is no base puts in place of a base's seams.

    Attributes:
        seams: name of a field of ``Method`` that is a seam -> what stands there instead.
        alone: the base of its paper, which it stands on where no base is named, whatever is added to it; "" for any.
        state: what ``control`` starts from, where it is among them.
        reference: as in ``Method``.
        annotators: as in ``Method``.
    """

    seams: Mapping[str, Callable[..., Any] | Augmentation | Refresh]
    alone: str = ""
    state: Mapping[str, float] = field(default_factory=dict)
    reference: bool = False
    annotators: tuple[Annotation, ...] = ()


def loss(method: Method, tokens: MicroBatch) -> Tensor:
    """Return the micro-batch's share of the loss, a scalar."""
    each = method.token_loss(tokens)
    if tokens.off is not None:
        each = method.off_loss(tokens).where(tokens.off[:, None], each)
    each = each.where(tokens.mask, 0.0)
    return (each * tokens.weight).sum() + method.regularise(tokens)
