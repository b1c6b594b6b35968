"""Pre-training of ``tiny-base``, from which the text starts are finished, on renamed demonstrations; resumable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining import build
from berrypick.agents.training.pretraining.batches import ImitationBatch, Mixture
from berrypick.agents.training.pretraining.build import Progress, Source
from berrypick.agents.training.pretraining.demonstrations import Demonstrations, play_scripts
from berrypick.agents.training.pretraining.fit import fit, warmed
from berrypick.agents.training.pretraining.renaming import Renaming
from berrypick.agents.training.pretraining.second_attempts import play_refinements

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Every script as often as every other.
ALIKE: Final[Mapping[str, float]] = {script: 1 / len(SCRIPTS) for script in SCRIPTS}


@dataclass(frozen=True)
class Pretraining:
    """How the base is made: every script equally often, at one learning rate, then falling to a tenth of it.

    Attributes:
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
        left = min(1.0, (self.total - step) / self.fall)
        return self.lr * warmed(step) * (0.1 + 0.9 * left)


#: Train worlds of ``almanac-small`` in which it saw its demonstrations.
WORLDS: Final = range(32, 128)
#: Those of them in which it saw second attempts.
WORLDS_AGAIN: Final = range(32, 64)


def write_start(out: Path, jobs: int = 1, on_progress: Progress = lambda *_: None) -> str:
    """Make the base in ``out/policy``: see ``start.write``."""
    plan = Pretraining()
    return build.write(
        {"start": "tiny-base", "plan": plan},
        (
            Source("demonstrations", play_scripts, WORLDS),
            Source("refinements", play_refinements, WORLDS_AGAIN),
        ),
        lambda seen, stepped: pretrain(plan, seen[0], seen[1], out, stepped),
        plan.total,
        out,
        jobs,
        on_progress,
    )


def pretrain(
    plan: Pretraining,
    demonstrations: Demonstrations,
    refinements: Demonstrations,
    out: Path,
    on_step: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a tiny policy, from the newest checkpoint in ``out`` where there is one.

    Args:
        plan: how.
        demonstrations: what is imitated.
        refinements: second attempts, imitated while the learning rate falls.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        on_step: called after each step with its number and loss (nats an acted token).
    """
    renaming = Renaming(make_tokenizer().get_vocab())
    model = make_tiny(len(renaming.names), plan.seed)
    mixture = partial(Mixture, shares=ALIKE, renaming=renaming, size=plan.size, seed=plan.seed)
    nearby = mixture(demonstrations)
    alike, again = (mixture(seen, recited=plan.recited) for seen in (demonstrations, refinements))

    def batch(step: int) -> ImitationBatch:
        if step < plan.nearby:
            return nearby.batch(step)
        return (again if step >= plan.steps and step % plan.again == 0 else alike).batch(step)

    return fit(model, plan, batch, out, on_step)
