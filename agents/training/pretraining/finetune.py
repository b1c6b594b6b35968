"""The published text starts are finished from one base: which scripts they know best, and that they read critiques.

``tiny-diverse`` draws every script equally often, ``tiny-narrow`` one of them nine times in ten. Half of the batches
are second attempts under a critique, half of those such as only a reader of the critique could make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from berrypick.agents.lm.load import load, weights
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining import build
from berrypick.agents.training.pretraining.batches import ImitationBatch, Mixture
from berrypick.agents.training.pretraining.build import Progress, Source
from berrypick.agents.training.pretraining.critique_reading import play_shortcuts
from berrypick.agents.training.pretraining.demonstrations import Demonstrations, play_scripts
from berrypick.agents.training.pretraining.fit import fit, warmed
from berrypick.agents.training.pretraining.pretrain import ALIKE
from berrypick.agents.training.pretraining.renaming import Renaming
from berrypick.agents.training.pretraining.second_attempts import play_refinements

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


def write_start(name: str, out: Path, jobs: int = 1, on_progress: Progress = lambda *_: None) -> str:
    """Finish a row of ``SHARES`` in ``out/policy``: see ``start.write``."""
    plan = Finishing(SHARES[name])
    return build.write(
        {"start": name, "plan": plan, "weights of the base": weights(plan.base)},
        (
            Source("demonstrations", play_scripts, WORLDS),
            Source("refinements", play_refinements, WORLDS),
            Source("shortcuts", play_shortcuts, WORLDS),
        ),
        lambda seen, stepped: finish(_base(plan), plan, seen[0], seen[1], seen[2], out, stepped),
        plan.total,
        out,
        jobs,
        on_progress,
    )


def _base(plan: Finishing) -> PreTrainedModel:
    """The base on the processor: batches are made there, and the numbers are to be the same wherever it is done."""
    model: PreTrainedModel = load(plan.base, "float32").model.cpu().train()
    return model


def finish(
    model: PreTrainedModel,
    plan: Finishing,
    demonstrations: Demonstrations,
    refinements: Demonstrations,
    shortcuts: Demonstrations,
    out: Path,
    on_step: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a base policy on, from the newest checkpoint in ``out`` where there is one.

    Args:
        model: the base, trained in place.
        plan: how.
        demonstrations: what is imitated in every second batch.
        refinements: second attempts, in every fourth.
        shortcuts: those that need their critique, in every fourth.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        on_step: called after each step with its number and loss (nats an acted token).
    """
    renaming = Renaming(make_tokenizer().get_vocab())
    first, again, short = (
        Mixture(seen, renaming, plan.shares, plan.size, plan.seed, plan.recited)
        for seen in (demonstrations, refinements, shortcuts)
    )

    def batch(step: int) -> ImitationBatch:
        return (first, again, first, short)[step % 4].batch(step)

    return fit(model, plan, batch, out, on_step)
