"""One step's updates: from a batch and a method to changed weights. Knows neither methods nor tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from berrypick.agents.methods.base import Batch, Method, Scores, Tokens, favoured, loss
from berrypick.agents.training.learner import Bank, Learner
from berrypick.agents.training.update_stats import Tally

if TYPE_CHECKING:
    from accelerate import Accelerator


class Diverged(RuntimeError):
    """A loss or a gradient that is no number; ``rows`` are the episodes of the offending batch."""

    def __init__(self, reason: str, rows: Tensor) -> None:
        super().__init__(reason)
        self.rows = rows


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

    def update(self, batch: Batch, advantage: Tensor, state: Mapping[str, float], draw: np.random.Generator) -> Tally:
        """Do one pass over a batch in ``updates`` optimiser steps of whole groups.

        Args:
            batch: the selected episodes.
            advantage: of each token. Shape (N, T).
            state: what the method keeps between steps.
            draw: orders the groups, and serves selections by lot.

        Raises:
            Diverged: a loss or gradient is NaN or infinite; the weights are those before that optimiser step.
        """
        tally = Tally()
        if self.accelerator.mixed_precision != "no":
            # Sampled one token at a time and scored all at once, log-probabilities differ by what the precision leaves.
            batch = replace(batch, old=self._scores(self.learner.module, batch)[0])
        reference = self._scores(self.reference, batch)[0] if self.reference is not None else None
        for number, rows in enumerate(parts(batch.group, self.updates, draw)):
            self._step(_Part(batch, rows, advantage, reference, state, first=number == 0), draw, tally)
        return tally

    def _step(self, part: _Part, draw: np.random.Generator, tally: Tally) -> None:
        mask = part.batch.mask[part.rows]
        if not bool(mask.any()):
            return
        marked = self._marks(part, mask, draw)
        weight = self.method.reduce(mask, self.learner.limit)
        positive = mask & favoured(part.advantage[part.rows], mask)[:, None]
        part = replace(
            part, marked=marked, weight=weight, count=max(1, int(mask.sum())), positive=max(1, int(positive.sum()))
        )
        self.optimiser.zero_grad()
        total = 0.0
        for places in by_length(mask, self.micro):
            if not bool(mask[places].any()):
                continue
            tokens = part.tokens(places, *self.learner.score(self.learner.module, part.batch, part.rows[places]))
            share = loss(self.method, tokens)
            if not bool(torch.isfinite(share)):
                raise Diverged(f"the loss is {float(share.detach())}", part.rows[places])
            tally.add(tokens)
            total += float(share.detach())
            self.accelerator.backward(share)
        tally.step(total, self._descend(part.rows))

    def imitate(self, bank: Bank, rows: Tensor, loss: Callable[[Tensor, Tensor, int], Tensor]) -> float:
        """Do one optimiser step on demonstrations.

        Args:
            bank: demonstrations.
            rows: those that the step is made on. Shape (n,), int64.
            loss: as in ``methods.base.Refresh``.

        Returns:
            Sum of -log p over the demonstrated tokens, before the step.

        Raises:
            Diverged: the loss or gradient is NaN or infinite; the weights are those before.
        """
        mask, nats = bank.mask[rows], 0.0
        self.optimiser.zero_grad()
        for places in by_length(mask, self.micro):
            new, _ = self.learner.score(self.learner.module, bank, rows[places])
            here = mask[places].to(new.device)
            share = loss(new.float(), here, int(mask.sum()))
            if not bool(torch.isfinite(share)):
                raise Diverged(f"the loss on demonstrations is {float(share.detach())}", rows[places])
            nats -= float(new.detach().where(here, 0.0).sum())
            self.accelerator.backward(share)
        self._descend(rows)
        return nats

    def _descend(self, rows: Tensor) -> float:
        """Make the optimiser's step down the gradient; returns the gradient's norm before clipping."""
        norm = float(self.accelerator.clip_grad_norm_(self.learner.module.parameters(), self.max_norm))
        if not np.isfinite(norm):
            raise Diverged(f"the norm of the gradient is {norm}", rows)
        self.optimiser.step()
        return norm

    def _marks(self, part: _Part, mask: Tensor, draw: np.random.Generator) -> Tensor:
        if not self.method.marks:
            return torch.zeros_like(mask)
        new, entropy = self._scores(self.learner.module, part.batch, part.rows)
        old, advantage = new if part.first else part.batch.old[part.rows], part.advantage[part.rows]
        if part.batch.off is not None:  # a selection is made among what the policy sampled
            mask = mask & ~part.batch.off[part.rows][:, None]
        return self.method.mark(Scores(new, old, entropy, advantage, mask, draw)) & mask

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
class _Part:
    """The share of a batch that one optimiser step is made on; the policy of the ``first`` is the one that played."""

    batch: Batch
    rows: Tensor
    advantage: Tensor
    reference: Tensor | None
    state: Mapping[str, float]
    first: bool
    marked: Tensor = field(default_factory=lambda: torch.empty(0))
    weight: Tensor = field(default_factory=lambda: torch.empty(0))
    count: int = 0
    positive: int = 0

    def tokens(self, places: Tensor, new: Tensor, entropy: Tensor) -> Tokens:
        """The micro-batch of some places of this part, on the device where it was scored."""
        rows, device = self.rows[places], new.device
        return Tokens(
            new=new.float(),
            entropy=entropy.float(),
            # Exactly equal, not but for rounding: the slope of a penalty such as |new - old| would turn it into noise.
            old=new.detach().float() if self.first else self.batch.old[rows].to(device),
            reference=None if self.reference is None else self.reference[rows].to(device),
            advantage=self.advantage[rows].to(device),
            mask=self.batch.mask[rows].to(device),
            weight=self.weight[places].to(device),
            marked=self.marked[places].to(device),
            chunk=self.batch.chunk[rows].to(device),
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
