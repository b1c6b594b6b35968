"""Pre-training of the tiny policies on renamed demonstrations; resumable, with progress.

Published starts (design 6): ``tiny-diverse`` draws every script equally often, ``tiny-narrow`` one of them nine times
in ten while the learning rate falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from berrypick import files
from berrypick.agents.lm.batches import Batch, Mixture
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations, collect, digest, play_scripts
from berrypick.agents.lm.load import Card, pack, save
from berrypick.agents.lm.refinements import play_refinements
from berrypick.agents.lm.renaming import Renaming
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training import checkpoint
from berrypick.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: What the narrow start knows best.
NARROW: Final = "open-and-read"

_ALIKE: Final = {script: 1 / len(SCRIPTS) for script in SCRIPTS}
_MOSTLY_ONE: Final = {script: 0.9 if script == NARROW else 0.1 / (len(SCRIPTS) - 1) for script in SCRIPTS}
#: start -> share of each script among the demonstrations while the learning rate falls; alike before.
SHARES: Final[Mapping[str, Mapping[str, float]]] = {"tiny-diverse": _ALIKE, "tiny-narrow": _MOSTLY_ONE}


@dataclass(frozen=True)
class Pretraining:
    """How a start is made: at one learning rate while the scripts are drawn alike, then falling to a tenth of it.

    Attributes:
        shares: script -> its share of the demonstrations while the learning rate falls.
        seed: of weights and draws.
        steps: steps before the fall.
        fall: steps of the fall.
        size: sequences a step.
        lr: learning rate of AdamW; warmed up in 50 steps.
        copied: weight of the loss on copied tokens (``batches.Batch``) beside 1 for acted ones.
        again: while the learning rate falls, one batch in so many is of second attempts under a critique.
        recited: names said again behind each sequence (``batches.Mixture``), once copying over a few words is learned.
        nearby: steps without them.
    """

    shares: Mapping[str, float]
    seed: int = 0
    steps: int = 5000
    fall: int = 1250
    size: int = 32
    lr: float = 2e-3
    copied: float = 1.0
    again: int = 4
    recited: int = 24
    nearby: int = 4500

    @property
    def total(self) -> int:
        """All steps."""
        return self.steps + self.fall

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        warm = min(1.0, (step + 1) / _WARM)
        left = min(1.0, (self.total - step) / self.fall)
        return self.lr * warm * (0.1 + 0.9 * left)


#: Train worlds of ``almanac-small`` in which the published starts saw their demonstrations.
WORLDS: Final = range(32, 128)
#: Those of them in which they saw second attempts.
WORLDS_AGAIN: Final = range(32, 64)
#: How the published starts are played: they read Almanac and write tags; no demonstrated action is longer.
CARD: Final = Card(corpora=("almanac",), protocols=("tags",), max_new_tokens=48)
#: Steps between two checkpoints.
SAVED_EVERY: Final = 100
_WARM: Final = 50


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
    many = len(WORLDS) + len(WORLDS_AGAIN)
    first, again = (
        collect(play, worlds, "train", out / folder, jobs=jobs, done=lambda world: tick(world, 0, many))
        for play, worlds, folder in (
            (play_scripts, WORLDS, "demonstrations"),
            (play_refinements, WORLDS_AGAIN, "refinements"),
        )
    )
    total = plan.total
    model = pretrain(plan, first, again, out, lambda step, loss: tick(f"loss {loss:.3f}", step + 1, total))
    if not (out / "policy").exists():
        with files.new_folder(out / "policy") as draft:
            save(pack(model, make_tokenizer(), CARD), draft)
    return digest(first, again)


def claim(out: Path, name: str, plan: Pretraining) -> None:
    """Take a folder for a start; raises BadInput where it holds another, or the same made otherwise."""
    path, here = out / "start.json", msgspec.json.format(msgspec.json.encode({"start": name, "plan": plan})) + b"\n"
    if not path.exists():
        files.write_bytes(path, here)
    elif path.read_bytes() != here:
        raise BadInput("holds a start that was made otherwise; use another --out", file=path)


def pretrain(
    plan: Pretraining,
    demonstrations: Demonstrations,
    refinements: Demonstrations,
    out: Path,
    tick: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a tiny policy, from the newest checkpoint in ``out`` where there is one.

    Args:
        plan: how.
        demonstrations: what is imitated.
        refinements: second attempts, imitated while the learning rate falls.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        tick: called after each step with its number and loss (nats an acted token).
    """
    renaming = Renaming(make_tokenizer().get_vocab())
    model = make_tiny(len(renaming.names), plan.seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.lr, betas=(0.9, 0.95), weight_decay=0.01)
    mixture = partial(Mixture, renaming=renaming, size=plan.size, seed=plan.seed)
    nearby = mixture(demonstrations, shares=_ALIKE)
    alike, last, again = (
        mixture(seen, shares=shares, recited=plan.recited)
        for seen, shares in ((demonstrations, _ALIKE), (demonstrations, plan.shares), (refinements, plan.shares))
    )
    done = 0
    if kept := checkpoint.stored(out / "checkpoints"):
        done = checkpoint.restore(kept[-1], model, optimiser).step
    log = files.Log(out / "losses.jsonl", keep=done)
    for step in range(done, plan.total):
        steady = nearby if step < plan.nearby else alike
        falling = again if step % plan.again == 0 else last
        batch = (steady if step < plan.steps else falling).batch(step)
        for group in optimiser.param_groups:
            group["lr"] = plan.rate(step)
        acted, copied = losses(model, batch)
        _update(model, optimiser, acted + plan.copied * copied)
        loss = float(acted.detach())
        log.add({"step": step, "acted": loss, "copied": float(copied.detach()), "tokens": int(batch.ids.size)})
        if (step + 1) % SAVED_EVERY == 0 or step + 1 == plan.total:
            checkpoint.save(out / "checkpoints", model, optimiser, step + 1, {})
        tick(step, loss)
    return model


def losses(model: PreTrainedModel, batch: Batch) -> tuple[Tensor, Tensor]:
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
