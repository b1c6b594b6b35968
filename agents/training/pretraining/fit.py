"""Imitation: a tiny policy is fitted to batches of demonstrations; resumable to the same weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from berrypick import io
from berrypick.agents.training import checkpoint
from berrypick.agents.training.pretraining.batches import ImitationBatch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Steps between two checkpoints.
SAVED_EVERY: Final = 100
#: Steps in which the learning rate is warmed up.
WARM: Final = 50


class Plan(Protocol):
    """How long, and at which learning rate."""

    @property
    def total(self) -> int:
        """All steps."""
        ...

    @property
    def copied(self) -> float:
        """Weight of the loss on copied tokens (``batches.Batch``) beside 1 for acted ones."""
        ...

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        ...


def fit(
    model: PreTrainedModel,
    plan: Plan,
    batch: Callable[[int], ImitationBatch],
    out: Path,
    on_step: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a tiny policy with AdamW, from the newest checkpoint in ``out`` where there is one.

    Args:
        model: what is trained, in place.
        plan: how.
        batch: from a step to what is imitated in it.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        on_step: called after each step with its number and loss (nats an acted token).
    """
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.01)
    done = 0
    if kept := checkpoint.stored(out / "checkpoints"):
        done = checkpoint.restore(kept[-1], model, optimiser).step
    log = io.Log(out / "losses.jsonl", keep=done)
    for step in range(done, plan.total):
        drawn = batch(step)
        for group in optimiser.param_groups:
            group["lr"] = plan.rate(step)
        acted, copied = losses(model, drawn)
        _update(model, optimiser, acted + plan.copied * copied)
        loss = float(acted.detach())
        log.add({"step": step, "acted": loss, "copied": float(copied.detach()), "tokens": int(drawn.ids.size)})
        if (step + 1) % SAVED_EVERY == 0 or step + 1 == plan.total:
            checkpoint.save(out / "checkpoints", model, optimiser, step + 1, {})
        on_step(step, loss)
    return model


def warmed(step: int) -> float:
    """Share of the learning rate in the first steps."""
    return min(1.0, (step + 1) / WARM)


def losses(model: PreTrainedModel, batch: ImitationBatch) -> tuple[Tensor, Tensor]:
    """Mean cross-entropies over the acted and over the copied tokens; 0 where there are none.

    Logits are computed where there is loss, nowhere else. Padding is on the right, where causal attention never looks
    from a token before it, so no mask is needed.
    """
    ids = torch.from_numpy(batch.ids)
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state

    def loss(targets: np.ndarray) -> Tensor:
        chosen = torch.from_numpy(targets)[:, 1:]
        total = functional.cross_entropy(model.lm_head(hidden[chosen]), ids[:, 1:][chosen], reduction="sum")
        return total / chosen.sum().clamp(min=1)

    return loss(batch.acted), loss(batch.copied)


def _update(model: PreTrainedModel, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
