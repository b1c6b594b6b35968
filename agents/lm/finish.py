"""The published text starts are finished from one base: which scripts they know best, and that they read critiques.

``tiny-diverse`` draws every script equally often, ``tiny-narrow`` one of them nine times in ten. Half of the batches
are second attempts under a critique, half of those such as only a reader of the critique could make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from berrypick import files
from berrypick.agents.lm.batches import Batch, Mixture
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations, collect, digest, play_scripts
from berrypick.agents.lm.fitting import fit, warmed
from berrypick.agents.lm.load import load, save
from berrypick.agents.lm.pretrain import ALIKE, claim
from berrypick.agents.lm.refinements import play_refinements
from berrypick.agents.lm.renaming import Renaming
from berrypick.agents.lm.shortcuts import play_shortcuts
from berrypick.agents.lm.tokenizer import make_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: What the narrow start knows best.
NARROW: Final = "open-and-read"
_MOSTLY_ONE: Final = {script: 0.9 if script == NARROW else 0.1 / (len(SCRIPTS) - 1) for script in SCRIPTS}
#: start -> share of each script among its demonstrations.
SHARES: Final[Mapping[str, Mapping[str, float]]] = {"tiny-diverse": ALIKE, "tiny-narrow": _MOSTLY_ONE}
#: Train worlds of ``almanac-small`` in which they are demonstrated.
WORLDS: Final = range(32, 48)


@dataclass(frozen=True)
class Finishing:
    """How a start is finished: the learning rate falls to a tenth.

    Attributes:
        shares: script -> its share of the demonstrations.
        base: the start that it is made from.
        seed: of draws.
        steps: in all.
        size: sequences a step.
        lr: highest learning rate of AdamW; warmed up in 50 steps.
        copied: weight of the loss on copied tokens (``batches.Batch``) beside 1 for acted ones.
        recited: names said again behind each sequence (``batches.Mixture``).
    """

    shares: Mapping[str, float]
    base: str = "tiny-base"
    seed: int = 0
    steps: int = 1000
    size: int = 32
    lr: float = 2e-3
    copied: float = 1.0
    recited: int = 24

    @property
    def total(self) -> int:
        """All steps."""
        return self.steps

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.lr * warmed(step) * (0.1 + 0.9 * (1 - step / self.steps))


def write_start(name: str, out: Path, jobs: int = 1, tick: Callable[[str, int, int], None] = lambda *_: None) -> str:
    """Finish a published start and write it into ``out/policy``; goes on where an earlier call was stopped.

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
    plan = Finishing(SHARES[name])
    claim(out, name, plan)
    rooms = {"demonstrations": play_scripts, "refinements": play_refinements, "shortcuts": play_shortcuts}
    many = len(rooms) * len(WORLDS)
    seen = [
        collect(play, WORLDS, "train", out / folder, jobs=jobs, done=lambda world: tick(world, 0, many))
        for folder, play in rooms.items()
    ]
    policy = load(plan.base, "float32")
    finish(policy.model.train(), plan, *seen, out, lambda step, loss: tick(f"loss {loss:.3f}", step + 1, plan.total))
    if not (out / "policy").exists():
        with files.new_folder(out / "policy") as draft:
            save(policy, draft)
    return digest(*seen)


def finish(
    model: PreTrainedModel,
    plan: Finishing,
    demonstrations: Demonstrations,
    refinements: Demonstrations,
    shortcuts: Demonstrations,
    out: Path,
    tick: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a base policy on, from the newest checkpoint in ``out`` where there is one.

    Args:
        model: the base, trained in place.
        plan: how.
        demonstrations: what is imitated in every second batch.
        refinements: second attempts, in every fourth.
        shortcuts: those that need their critique, in every fourth.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        tick: called after each step with its number and loss (nats an acted token).
    """
    renaming = Renaming(make_tokenizer().get_vocab())
    first, again, short = (
        Mixture(seen, renaming, plan.shares, plan.size, plan.seed, plan.recited)
        for seen in (demonstrations, refinements, shortcuts)
    )

    def batch(step: int) -> Batch:
        return (first, again, first, short)[step % 4].batch(step)

    return fit(model, plan, batch, out, tick)
