"""A run put together: from its configuration and folder to everything that a training step needs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from berrypick import io
from berrypick.agents import methods
from berrypick.agents.methods.method import Method
from berrypick.agents.training import annotators, checkpoint, demonstration_buffer, run_dir
from berrypick.agents.training.annotators import Annotator
from berrypick.agents.training.augment import advised
from berrypick.agents.training.config import Config, encode
from berrypick.agents.training.learner import DemonstrationBuffer, Learner, TextLearner
from berrypick.agents.training.tracks import make_learner, track_of
from berrypick.agents.training.update import Updater
from berrypick.errors import BadInput


@dataclass
class Run:
    """A training run between two steps.

    Attributes:
        config: what it is.
        out: its folder.
        method: its recipe.
        learner: plays and scores.
        annotators: of the method, prepared.
        updater: makes optimiser steps.
        demonstrations: what ``method.refresh`` imitates; None where it imitates nothing.
        log: ``metrics.jsonl``.
        done: steps done.
        state: numbers that ``method.control`` carries from step to step.
    """

    config: Config
    out: Path
    method: Method
    learner: Learner
    annotators: Sequence[Annotator]
    updater: Updater
    demonstrations: DemonstrationBuffer | None
    log: io.Log
    done: int
    state: dict[str, float]

    def save_checkpoint(self, step: int) -> None:
        """Keep weights, optimiser and state after a step."""
        module = self.updater.accelerator.unwrap_model(self.learner.module)
        checkpoint.save(self.out / run_dir.CHECKPOINTS, module, self.updater.optimiser, step + 1, self.state)

    def save_policy(self) -> None:
        """Write the final policy."""
        with io.new_folder(self.out / run_dir.POLICY) as draft:
            self.learner.save(draft)


@contextmanager
def opened(config: Config, out: Path) -> Iterator[Run]:
    """Open the run of a folder, from its newest checkpoint where there is one; no other process trains in it meanwhile.

    Raises:
        BadInput: the folder holds another run or another process trains in it, or the configuration cannot be used.
    """
    method = advised(methods.make(config.method), config.critic)
    check_folder(out, config)
    check_groups(method, config)
    learner = make_learner(config)
    if not track_of(config.env).is_text and (method.annotators or method.augment is not None):
        raise BadInput(
            f"{method.name} reads text, and episodes of {config.env} are numbers; use an environment of the text track",
            field="method",
        )
    with io.locked(out):
        if not (out / run_dir.CONFIG).exists():
            io.write_bytes(out / run_dir.CONFIG, encode(config))
        prepared = annotators.make_all(method.annotators)
        for annotator in prepared:
            annotator.prepare(out, cast(TextLearner, learner), config.seed)
        refresh, demonstrations = method.refresh, None
        if refresh is not None:
            demonstrations = demonstration_buffer.kept(
                out / run_dir.DEMONSTRATIONS, learner, config.seed, refresh.questions
            )
        updater, done, state = _resumed(config, method, learner, out)
        log = io.Log(out / run_dir.METRICS, keep=done)
        yield Run(config, out, method, learner, prepared, updater, demonstrations, log, done, state)


def check_groups(method: Method, config: Config) -> None:
    """Raise BadInput where a question has one rollout and the method only compares the rollouts of a question."""
    if config.group_size > 1 or method.augment is not None:
        return
    apart = method.advantage(torch.tensor([1.0, 0.0]), torch.tensor([0, 1]))  # two questions, one rollout each
    if not bool(apart.any()):
        reason = (
            f"expected at least 2, found 1: {method.name} compares the rollouts of a question with each other, so that "
            "one alone teaches nothing; use --group-size 8, or the method reinforce"
        )
        raise BadInput(reason, field="group_size")


def check_folder(out: Path, config: Config) -> None:
    """Raise BadInput where a folder holds another run."""
    if (out / run_dir.CONFIG).exists() and (found := run_dir.read_config(out)) != config:
        differ = [name for name in config.__struct_fields__ if getattr(found, name) != getattr(config, name)]
        raise BadInput(f"holds a run with another {', '.join(differ)}; use another --out", file=out / run_dir.CONFIG)


def _resumed(config: Config, method: Method, learner: Learner, out: Path) -> tuple[Updater, int, dict[str, float]]:
    """Return what makes optimiser steps, how many steps are done, and the state they left."""
    from accelerate import Accelerator

    reference = copy.deepcopy(learner.module).requires_grad_(False).eval() if method.reference else None
    optimiser: torch.optim.Optimizer = torch.optim.Adam(learner.module.parameters(), lr=config.lr)
    done, state = 0, dict(method.state)
    if stored := checkpoint.stored(out / run_dir.CHECKPOINTS):
        found = checkpoint.restore(stored[-1], learner.module, optimiser)
        done, state = found.step, found.state
    accelerator = Accelerator(mixed_precision=config.precision, cpu=not torch.cuda.is_available())
    reference = None if reference is None else reference.to(accelerator.device)
    learner.module, optimiser = accelerator.prepare(learner.module, optimiser)
    updater = Updater(
        learner,
        method,
        optimiser,
        accelerator,
        reference,
        config.minibatches_per_step,
        config.micro_batch_size,
        config.max_norm,
    )
    return updater, done, state
