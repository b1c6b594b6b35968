"""The start ``tiny-even``: taught by a mixture that draws its way anew for each unknown fact, mostly in even worlds.

A start knows no more strategies than its demonstrations show. One script an episode shows a question one way, and the
scripts that succeed most in skewed worlds open pages; here the ways of one episode differ, and all of them succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch

from berrypick.agents.lm.load import load, weights
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.hop_mixture import HopMixture
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining import build
from berrypick.agents.training.pretraining.batches import ImitationBatch, Mixture
from berrypick.agents.training.pretraining.build import Progress, Source
from berrypick.agents.training.pretraining.demonstrations import Demonstrations, make_env, pack, tokenize
from berrypick.agents.training.pretraining.fit import fit, warmed
from berrypick.agents.training.pretraining.renaming import Renaming

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Corpus -> train worlds in which the mixture demonstrates.
WORLDS: Final = {"almanac-even": range(32, 60), "almanac-small": range(32, 44)}
#: Episodes of each question; those that fail leave nothing.
TRIES: Final = 6
#: One comparison in so many is kept: a policy of this size compares years at random, and what it cannot learn takes
#: the room of what it can.
COMPARISONS: Final = 3
#: One batch in so many is of skewed worlds.
SKEWED_EVERY: Final = 3


@dataclass(frozen=True)
class Hops:
    """How ``tiny-even`` is made: one learning rate, then falling to a tenth of it.

    Attributes:
        base: the start that it is made from.
        steps: steps before the fall.
        fall: steps of the fall.
        size: sequences a step.
        lr: learning rate of AdamW; warmed up in 50 steps.
        copied: weight of the loss on copied tokens (``batches.Batch``) beside 1 for acted ones.
        recited: names said again behind each sequence (``batches.Mixture``).
        temperature: sampling temperature that is folded into the weights, so that training takes place at it.
    """

    base: str = "tiny-base"
    steps: int = 3500
    fall: int = 1250
    size: int = 32
    lr: float = 2e-3
    copied: float = 1.0
    recited: int = 24
    temperature: float = 0.85

    @property
    def total(self) -> int:
        """All steps."""
        return self.steps + self.fall

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.lr * warmed(step) * (0.1 + 0.9 * min(1.0, (self.total - step) / self.fall))


def play_hops(world: int, split: str, corpus: str) -> Demonstrations:
    """Play ``hop_mixture`` with 0 to 2 fallbacks in one world; keep its grounded successes, all under script 0."""
    from berrypick.agents.rollout import rollout
    from berrypick.envs.scoring.outcome import is_grounded

    env, tokenizer = make_env(world, split, corpus), make_tokenizer()
    played = rollout(HopMixture(drawn=True), lambda: env, range(env.tasks.count()), TRIES, seed=0, batch=1)
    return pack(
        [
            (*tokenize(trace.prompt, trace, tokenizer), 0)
            for episode, trace in played
            if is_grounded(trace) and not (trace.question.family == "comparison" and episode.rollout % COMPARISONS)
        ]
    )


def write_start(out: Path, jobs: int = 1, on_progress: Progress = lambda *_: None) -> str:
    """Make the start in ``out/policy``: see ``build.write``."""
    plan = Hops()
    return build.write(
        {"start": "tiny-even", "plan": plan, "weights of the base": weights(plan.base)},
        [Source(corpus, partial(play_hops, corpus=corpus), worlds) for corpus, worlds in WORLDS.items()],
        lambda seen, stepped: train(load(plan.base, "float32").model.cpu().train(), plan, seen, out, stepped),
        plan.total,
        out,
        jobs,
        on_progress,
    )


def train(
    model: PreTrainedModel,
    plan: Hops,
    seen: Sequence[Demonstrations],
    out: Path,
    tick: Callable[[int, float], None] = lambda *_: None,
) -> PreTrainedModel:
    """Train a base policy on, from the newest checkpoint in ``out`` where there is one.

    Args:
        model: the base, trained in place.
        plan: how.
        seen: demonstrations of even worlds, and of skewed ones.
        out: folder of the checkpoints and of ``losses.jsonl``, a line a step.
        tick: called after each step with its number and loss (nats an acted token).
    """
    renaming = Renaming(make_tokenizer().get_vocab())
    even, skewed = (
        Mixture(demonstrations, renaming, {SCRIPTS[0]: 1.0}, plan.size, seed, plan.recited)
        for seed, demonstrations in enumerate(seen)
    )

    def batch(step: int) -> ImitationBatch:
        return (skewed if step % SKEWED_EVERY == SKEWED_EVERY - 1 else even).batch(step)

    return fold(fit(model, plan, batch, out, tick), plan.temperature)


def fold(model: PreTrainedModel, temperature: float) -> PreTrainedModel:
    """Divide a policy's logits by a temperature, in place: sampled at 1, it does what it did when sampled at that.

    The logits are linear in the weight of the last norm, which Llama has no bias beside.
    """
    with torch.no_grad():
        model.model.norm.weight /= temperature
    return model
