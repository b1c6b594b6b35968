"""What is measured of a training step, whoever makes it, and our own way of making it."""

from __future__ import annotations

from time import process_time
from typing import Final

import torch

from berrypick import seeding
from berrypick.agents import methods
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import Learner, RolloutBatch
from berrypick.agents.training.loop import advantages, sample, update
from berrypick.agents.training.step_metrics import Seconds, describe
from berrypick.agents.training.update import Updater
from berrypick.records import Record

#: Steps that are made first and not counted: buffers are made, code is loaded.
WARM: Final = 1


class Step(Record):
    """One step of a trainer: a batch played, and one pass over it.

    Seconds are processor time of all threads: a core's work, whatever else the machine does meanwhile.

    Attributes:
        rollout: seconds from the choice of tasks to rewards.
        update: seconds from rewards to the last optimiser step, all forward passes over the batch among them.
        other: seconds of the rest.
        generated: tokens that the policy wrote.
        scored: tokens of the episodes: prompts, what was generated, what the environment said.
        turns: actions.
        episodes: played.
    """

    rollout: float
    update: float
    other: float
    generated: int
    scored: int
    turns: int
    episodes: int

    @property
    def seconds(self) -> float:
        """The whole step."""
        return self.rollout + self.update + self.other


def steps(learner: Learner, config: Config) -> list[Step]:
    """Make the steps of a run as ``training.loop`` does, without log and checkpoints, and drop the first ``WARM``."""
    from accelerate import Accelerator

    method = methods.make(config.method)
    optimiser = torch.optim.Adam(learner.module.parameters(), lr=config.lr)
    accelerator = Accelerator(mixed_precision=config.precision, cpu=True)
    updater = Updater(
        learner,
        method,
        optimiser,
        accelerator,
        None,
        config.minibatches_per_step,
        config.micro_batch_size,
        config.max_norm,
    )
    return [_step(updater, config, number) for number in range(config.steps)][WARM:]


def _step(updater: Updater, config: Config, number: int) -> Step:
    begun = process_time()
    played, keep = sample(updater.learner, updater.method, (), config, number)
    rolled = process_time()
    credited = advantages(updater.method, played.batch, keep)
    tally = update(updater, credited, {}, seeding.rng(config.seed, "training", number))
    updated = process_time()
    seconds = Seconds(rolled - begun, updated - rolled, 0.0)
    describe(number, played, keep, credited.advantage, tally.update(), config.lr, {}, seconds)
    return _measured(played, seconds, process_time() - updated)


def _measured(played: RolloutBatch, seconds: Seconds, other: float) -> Step:
    return Step(
        rollout=seconds.rollout,
        update=seconds.update,
        other=other,
        generated=int(played.batch.mask.sum()),
        scored=int((played.batch.inputs["ids"] != 0).sum()),  # 0 fills up the rows
        turns=sum(len(trace.turns) for trace in played.traces),
        episodes=len(played.traces),
    )
