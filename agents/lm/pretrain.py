"""Pre-training of the tiny policies: a copy warm-up, then demonstrations; resumable, with progress.

Published starts (design 6): ``tiny-diverse`` draws every script equally often, ``tiny-narrow`` one of them nine times
in ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from berrypick import files
from berrypick.agents.lm.batches import Mixture, Sequences, copying
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations, collect, digest
from berrypick.agents.lm.load import Card, pack, save
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training import checkpoint
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

#: What the narrow start knows best.
NARROW: Final = "open-and-read"

_ALIKE: Final = {script: 1 / len(SCRIPTS) for script in SCRIPTS}
_MOSTLY_ONE: Final = {script: 0.9 if script == NARROW else 0.1 / (len(SCRIPTS) - 1) for script in SCRIPTS}
#: start -> share of each script among its demonstrations, round by round
SHARES: Final[Mapping[str, tuple[Mapping[str, float], ...]]] = {
    "tiny-diverse": (_ALIKE, _ALIKE, _ALIKE),
    "tiny-narrow": (_ALIKE, _ALIKE, _MOSTLY_ONE),
}


@dataclass(frozen=True)
class Pretraining:
    """How a start is made.

    Attributes:
        shares: for each round, script -> its share of the demonstrations.
        seed: of weights and draws.
        copying: steps of the copy warm-up.
        steps: steps on demonstrations in a round.
        size: sequences a step.
        lr: learning rate of AdamW; warmed up in 50 steps in each round, and falling to a tenth in its last fifth.
    """

    shares: tuple[Mapping[str, float], ...]
    seed: int = 0
    copying: int = 300
    steps: int = 1600
    size: int = 32
    lr: float = 2e-3

    @property
    def total(self) -> int:
        """All steps."""
        return self.copying + self.steps * len(self.shares)


#: Train worlds of ``almanac-small`` in which the published starts saw their demonstrations.
WORLDS: Final = range(32, 128)
#: How the published starts are played: they read Almanac and write tags; no demonstrated action is longer.
CARD: Final = Card(corpora=("almanac",), protocols=("tags",), max_new_tokens=48)
#: Steps between two checkpoints.
SAVED_EVERY: Final = 100
_WARM: Final = 50
_LAST: Final = 0.2


def write_start(name: str, out: Path, jobs: int = 1, tick: Callable[[str, int, int], None] = lambda *_: None) -> str:
    """Make a published start and write it into ``out/policy``; goes on where an earlier call was stopped.

    Args:
        name: a row of ``SHARES``.
        out: also holds demonstrations, checkpoints and ``losses.jsonl``.
        jobs: processes that collect demonstrations.
        tick: called after each world and each step with what it was, its number, and how many there are.

    Returns:
        Hash of the demonstrations.

    Raises:
        BadInput: the folder holds another start, or one that was made otherwise.
    """
    plan = Pretraining(SHARES[name])
    claim(out, name, plan)
    demonstrations = collect(
        WORLDS, "train", out / "demonstrations", jobs=jobs, done=lambda world: tick(world, 0, len(WORLDS))
    )
    total = plan.total
    model = pretrain(plan, demonstrations, out, lambda step, loss: tick(f"loss {loss:.3f}", step + 1, total))
    if not (out / "policy").exists():
        with files.new_folder(out / "policy") as draft:
            save(pack(model, make_tokenizer(), CARD), draft)
    return digest(demonstrations)


def claim(out: Path, name: str, plan: Pretraining) -> None:
    """Take a folder for a start; raises BadInput where it holds another, or the same made otherwise."""
    path, here = out / "start.json", msgspec.json.format(msgspec.json.encode({"start": name, "plan": plan})) + b"\n"
    if not path.exists():
        files.write_bytes(path, here)
    elif path.read_bytes() != here:
        raise BadInput("holds a start that was made otherwise; use another --out", file=path)


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
    mixtures = [Mixture(demonstrations, shares, plan.size, plan.seed) for shares in plan.shares]
    done = 0
    if kept := checkpoint.stored(out / "checkpoints"):
        done = checkpoint.restore(kept[-1], model, optimiser).step
    log = files.Log(out / "losses.jsonl", keep=done)
    for step in range(done, plan.total):
        warming = step < plan.copying
        acted = step - plan.copying
        batch = (
            copying(plan.seed, step, plan.size, vocabulary) if warming else mixtures[acted // plan.steps].batch(acted)
        )
        _set_rate(optimiser, rate(plan, step))
        loss = _update(model, optimiser, batch)
        log.add({"step": step, "loss": loss, "tokens": int(batch.ids.size), "phase": "copy" if warming else "act"})
        if (step + 1) % SAVED_EVERY == 0 or step + 1 == plan.total:
            checkpoint.save(out / "checkpoints", model, optimiser, step + 1, {})
        tick(step, loss)
    return model


def rate(plan: Pretraining, step: int) -> float:
    """Learning rate of a step; restarts after each round (Loshchilov & Hutter 2017, arXiv 1608.03983)."""
    warming = step < plan.copying
    length = plan.copying if warming else plan.steps
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
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
