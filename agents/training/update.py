"""One step's updates: from a batch and a method to changed weights. Knows neither methods nor tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch, MicroBatch, Scores
from berrypick.agents.methods.method import Method, loss
from berrypick.agents.training.learner import DemonstrationBuffer, Learner
from berrypick.agents.training.update_stats import UpdateStats

if TYPE_CHECKING:
    from accelerate import Accelerator


class Diverged(RuntimeError):
    """A loss or a gradient that is no number; ``rows`` are the episodes of the offending batch."""

    def __init__(self, reason: str, rows: Tensor) -> None:
        super().__init__(reason)
        self.rows = rows


class Credited(NamedTuple):
    """The selected episodes of a step with what they are worth.

    Attributes:
        batch: the episodes.
        advantage: of each token, after ``credit``. Shape (N, T).
        good: whether the advantage of an episode, before ``credit``, is not negative. Shape (N,), bool.
    """

    batch: Batch
    advantage: Tensor
    good: Tensor


@dataclass(frozen=True)
class Updater:
    """Updates a learner's module.

    Attributes:
        learner: whose module.
        method: how.
        optimiser: of the module's parameters.
        accelerator: device and precision.
        reference: the start policy, None unless the method asks for it.
        updates: optimiser steps a batch.
        micro: episodes scored at once.
        max_norm: of the gradient.
    """

    learner: Learner
    method: Method
    optimiser: torch.optim.Optimizer
    accelerator: Accelerator
    reference: torch.nn.Module | None
    updates: int
    micro: int
    max_norm: float

    def minibatches(
        self, credited: Credited, state: Mapping[str, float], draw: np.random.Generator
    ) -> Iterator[Minibatch]:
        """Split a batch into at most ``updates`` minibatches of whole groups, each made ready when it is asked for.

        Args:
            credited: the selected episodes and their advantages.
            state: what the method keeps between steps.
            draw: orders the groups, and serves random subsets of tokens.
        """
        batch = credited.batch
        if self.accelerator.mixed_precision != "no":
            # Sampled one token at a time and scored all at once, log-probabilities differ by what the precision leaves.
            batch = replace(batch, old_logprobs=self._scores(self.learner.module, batch)[0])
        reference = self._scores(self.reference, batch)[0] if self.reference is not None else None
        for number, rows in enumerate(parts(batch.group, self.updates, draw)):
            mask = batch.mask[rows]
            if not bool(mask.any()):
                continue
            whole = Minibatch(credited._replace(batch=batch), rows, reference, state, first=number == 0)
            positive = mask & credited.good[rows, None]
            yield replace(
                whole,
                selected=self._marks(whole, mask, draw),
                weight=self.method.reduce(mask, self.learner.limit),
                count=max(1, int(mask.sum())),
                positive=max(1, int(positive.sum())),
            )

    def backward(self, minibatch: Minibatch, stats: UpdateStats) -> float:
        """Add the gradient of a minibatch's loss, micro-batch by micro-batch; returns the loss.

        Raises:
            Diverged: the loss is NaN or infinite.
        """
        self.optimiser.zero_grad()
        total, mask = 0.0, minibatch.batch.mask[minibatch.rows]
        for places in by_length(mask, self.micro):
            if not bool(mask[places].any()):
                continue
            scores = self.learner.score(self.learner.module, minibatch.batch, minibatch.rows[places])
            tokens = minibatch.tokens(places, *scores)
            share = loss(self.method, tokens)
            if not bool(torch.isfinite(share)):
                raise Diverged(f"the loss is {float(share.detach())}", minibatch.rows[places])
            stats.add(tokens)
            total += float(share.detach())
            self.accelerator.backward(share)
        return total

    def imitate(
        self, buffer: DemonstrationBuffer, rows: Tensor, loss: Callable[[Tensor, Tensor, int], Tensor]
    ) -> float:
        """Do one optimiser step on demonstrations.

        Args:
            buffer: demonstrations.
            rows: those that the step is made on. Shape (n,), int64.
            loss: as in ``methods.base.Refresh``.

        Returns:
            Sum of -log p over the demonstrated tokens, before the step.

        Raises:
            Diverged: the loss or gradient is NaN or infinite; the weights are those before.
        """
        mask, nats = buffer.mask[rows], 0.0
        self.optimiser.zero_grad()
        for places in by_length(mask, self.micro):
            new, _ = self.learner.score(self.learner.module, buffer, rows[places])
            here = mask[places].to(new.device)
            share = loss(new.float(), here, int(mask.sum()))
            if not bool(torch.isfinite(share)):
                raise Diverged(f"the loss on demonstrations is {float(share.detach())}", rows[places])
            nats -= float(new.detach().where(here, 0.0).sum())
            self.accelerator.backward(share)
        self.step(rows)
        return nats

    def step(self, rows: Tensor) -> float:
        """Make an optimiser step down the gradient that ``backward`` left.

        Args:
            rows: the episodes that it is made on, for the message. Shape (n,), int64.

        Returns:
            The norm of the gradient before clipping.

        Raises:
            Diverged: the norm is NaN or infinite; the weights are those before.
        """
        norm = float(self.accelerator.clip_grad_norm_(self.learner.module.parameters(), self.max_norm))
        if not np.isfinite(norm):
            raise Diverged(f"the norm of the gradient is {norm}", rows)
        self.optimiser.step()
        return norm

    def _marks(self, part: Minibatch, mask: Tensor, draw: np.random.Generator) -> Tensor:
        if not self.method.needs_token_filter:
            return torch.zeros_like(mask)
        new, entropy = self._scores(self.learner.module, part.batch, part.rows)
        old, advantage = new if part.first else part.batch.old_logprobs[part.rows], part.credited.advantage[part.rows]
        if part.batch.off is not None:  # a selection is made among what the policy sampled
            mask = mask & ~part.batch.off[part.rows][:, None]
        return self.method.token_filter(Scores(new, old, entropy, advantage, mask, draw)) & mask

    @torch.no_grad()
    def _scores(self, module: torch.nn.Module, batch: Batch, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Score without gradients, micro-batch by micro-batch."""
        rows = torch.arange(len(batch.reward)) if rows is None else rows
        new, entropy = torch.zeros(batch.mask[rows].shape), torch.zeros(batch.mask[rows].shape)
        for places in by_length(batch.mask[rows], self.micro):
            with self.accelerator.autocast():
                found = self.learner.score(module, batch, rows[places])
            new[places], entropy[places] = found[0].float().cpu(), found[1].float().cpu()
        return new, entropy


@dataclass(frozen=True)
class Minibatch:
    """The share of a batch that one optimiser step is made on; the policy of the ``first`` is the one that played."""

    credited: Credited
    rows: Tensor
    reference: Tensor | None
    state: Mapping[str, float]
    first: bool
    selected: Tensor = field(default_factory=lambda: torch.empty(0))
    weight: Tensor = field(default_factory=lambda: torch.empty(0))
    count: int = 0
    positive: int = 0

    @property
    def batch(self) -> Batch:
        """The whole batch."""
        return self.credited.batch

    def tokens(self, places: Tensor, new: Tensor, entropy: Tensor) -> MicroBatch:
        """The micro-batch of some places of this part, on the device where it was scored."""
        rows, device = self.rows[places], new.device
        return MicroBatch(
            logprobs=new.float(),
            entropy=entropy.float(),
            # Exactly equal, not but for rounding: the slope of a penalty such as |new - old| would turn it into noise.
            old_logprobs=new.detach().float() if self.first else self.batch.old_logprobs[rows].to(device),
            old_entropy=entropy.detach().float() if self.first else self.batch.entropy[rows].to(device),
            reference=None if self.reference is None else self.reference[rows].to(device),
            advantage=self.credited.advantage[rows].to(device),
            good=self.credited.good[rows].to(device),
            mask=self.batch.mask[rows].to(device),
            weight=self.weight[places].to(device),
            selected=self.selected[places].to(device),
            turn=self.batch.turn[rows].to(device),
            count=self.count,
            positive=self.positive,
            state=self.state,
            off=None if self.batch.off is None else self.batch.off[rows].to(device),
        )


def parts(group: Tensor, count: int, draw: np.random.Generator) -> Iterator[Tensor]:
    """Split rows into at most ``count`` parts of whole groups, as equal in groups as can be, groups in drawn order."""
    order = draw.permutation(torch.unique(group).numpy())
    for chosen in np.array_split(order, min(count, len(order))):
        yield torch.isin(group, torch.from_numpy(chosen)).nonzero().flatten()


def by_length(mask: Tensor, size: int) -> Sequence[Tensor]:
    """Places of rows of about one length, ``size`` at a time; sums over them do not depend on the order."""
    width = mask.shape[1]
    last = torch.where(mask.any(1), width - mask.flip(1).int().argmax(1), 0)
    return torch.split(torch.argsort(last, stable=True), size)
