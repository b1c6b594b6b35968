"""Sums over the micro-batches of a step's updates, from which a step's optimiser statistics are made."""

from __future__ import annotations

import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.losses import BOUND, drift
from berrypick.records import Record

#: Range of the ratio beyond which plain PPO clips (Schulman et al. 2017).
RANGE = 0.2


class Update(Record):
    """What optimising did in one step; see ``folder.Line``. All None where nothing was trained on."""

    loss: float | None
    grad_norm: float | None
    clip_fraction_high: float | None
    clip_fraction_low: float | None
    approx_kl: float | None
    selected_tokens: float | None


class UpdateStats:
    """Adds up one step. The sums stay on the device until ``update`` asks for them."""

    def __init__(self) -> None:
        self._sums: list[Tensor] = []
        self._steps: list[tuple[float, float]] = []

    def add(self, tokens: MicroBatch) -> None:
        """Take in a micro-batch as it was scored for its update."""
        valid = tokens.mask
        log_ratio = drift(tokens).detach().clamp(-BOUND, BOUND)
        ratio, advantage = log_ratio.exp(), tokens.advantage.where(valid, 0.0)
        high, low = (ratio > 1 + RANGE) & (advantage > 0), (ratio < 1 - RANGE) & (advantage < 0)
        kl = (ratio - 1 - log_ratio).sum(dtype=torch.float64)
        counts = [valid.sum(), high.sum(), low.sum(), (tokens.selected & valid).sum()]
        self._sums.append(torch.stack([kl, *(count.to(torch.float64) for count in counts)]))

    def step(self, loss: float, grad_norm: float) -> None:
        """Take in an update: its loss, summed over micro-batches, and the gradient's norm before clipping."""
        self._steps.append((loss, grad_norm))

    def update(self) -> Update:
        """The step's statistics."""
        if not self._steps:
            return Update(None, None, None, None, None, None)
        losses, norms = zip(*self._steps, strict=True)
        kl, count, high, low, marked = torch.stack(self._sums).sum(dim=0).tolist()
        return Update(
            loss=sum(losses) / len(losses),
            grad_norm=sum(norms) / len(norms),
            clip_fraction_high=high / count,
            clip_fraction_low=low / count,
            approx_kl=kl / count,
            selected_tokens=marked / count,
        )
