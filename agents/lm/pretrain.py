"""Pre-training of the tiny policies: a copy warm-up, then demonstrations; resumable, with progress.

Published starts (design 6): ``tiny-diverse`` draws every script equally often, ``tiny-narrow`` one of them nine times
in ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from torch.nn import functional

from berrypick import files
from berrypick.agents.lm.batches import Mixture, Sequences, copying
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training import checkpoint
from berrypick.registry import Table

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

#: What the narrow start knows best.
NARROW: Final = "open-and-read"

#: start -> share of each script among its demonstrations
STARTS: Table[Mapping[str, float]] = Table("start")
STARTS.add("tiny-diverse", {script: 1 / len(SCRIPTS) for script in SCRIPTS}, "every script equally often")
STARTS.add(
    "tiny-narrow",
    {script: 0.9 if script == NARROW else 0.1 / (len(SCRIPTS) - 1) for script in SCRIPTS},
    f"{NARROW} nine times in ten",
)


@dataclass(frozen=True)
class Pretraining:
    """How a start is made.

    Attributes:
        shares: script -> its share of the demonstrations.
        seed: of weights and draws.
        copying: steps of the copy warm-up.
        steps: steps on demonstrations.
        size: sequences a step.
        rounds: parts into which the steps on demonstrations are divided, for the learning rate alone.
        lr: learning rate of AdamW; warmed up in 50 steps in each part, and falling to a tenth in its last fifth.
    """

    shares: Mapping[str, float]
    seed: int = 0
    copying: int = 400
    steps: int = 3200
    rounds: int = 2
    size: int = 32
    lr: float = 2e-3


#: Steps between two checkpoints.
SAVED_EVERY: Final = 100
_WARM: Final = 50
_LAST: Final = 0.2


def pretrain(
    plan: Pretraining, demonstrations: Demonstrations, out: Path, tick: Callable[[int, float], None] = lambda *_: None
) -> LlamaForCausalLM:
    """Train a tiny policy, from the newest checkpoint in ``out`` where there is one.

    Args:
        plan: how.
        demonstrations: what is imitated.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        tick: called after each step with its number and loss (nats a trained token).
    """
    vocabulary = len(make_tokenizer())
    model = make_tiny(vocabulary, plan.seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.lr, betas=(0.9, 0.95), weight_decay=0.01)
    mixture = Mixture(demonstrations, plan.shares, plan.size, plan.seed)
    done = 0
    if kept := checkpoint.stored(out / "checkpoints"):
        done = checkpoint.restore(kept[-1], model, optimiser).step
    log = files.Log(out / "losses.jsonl", keep=done)
    for step in range(done, plan.copying + plan.steps):
        warming = step < plan.copying
        batch = copying(plan.seed, step, plan.size, vocabulary) if warming else mixture.batch(step - plan.copying)
        _set_rate(optimiser, rate(plan, step))
        loss = _update(model, optimiser, batch)
        log.add({"step": step, "loss": loss, "tokens": int(batch.ids.size), "phase": "copy" if warming else "act"})
        if (step + 1) % SAVED_EVERY == 0 or step + 1 == plan.copying + plan.steps:
            checkpoint.save(out / "checkpoints", model, optimiser, step + 1, {})
        tick(step, loss)
    return model


def rate(plan: Pretraining, step: int) -> float:
    """Learning rate of a step; restarts after each round (Loshchilov & Hutter 2017, arXiv 1608.03983)."""
    warming = step < plan.copying
    length = plan.copying if warming else plan.steps // plan.rounds
    within = step if warming else (step - plan.copying) % length
    warm = min(1.0, (within + 1) / _WARM)
    left = 1.0 if warming else min(1.0, (length - within) / (_LAST * length))
    return plan.lr * warm * (0.1 + 0.9 * left)


def loss_of(model: LlamaForCausalLM, batch: Sequences) -> Tensor:
    """Mean cross-entropy over the batch's targets; logits are computed where there is loss, nowhere else.

    Padding is on the right, where causal attention never looks from a token before it, so no mask is needed.
    """
    ids, targets = torch.from_numpy(batch.ids), torch.from_numpy(batch.targets)[:, 1:]
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state[targets]
    return functional.cross_entropy(model.lm_head(hidden), ids[:, 1:][targets])


def _update(model: LlamaForCausalLM, optimiser: torch.optim.Optimizer, batch: Sequences) -> float:
    loss = loss_of(model, batch)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
