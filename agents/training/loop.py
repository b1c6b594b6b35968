"""The training loop: sample, reward, advantage, for each minibatch loss and backward, step, log. It knows no method.

Everything a step draws is a function of (seed, step), and each step ends in a checkpoint, so that interrupted runs
resume bit-identically.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from berrypick import io, seeding
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Method
from berrypick.agents.methods.seams import spread
from berrypick.agents.training import demonstration_buffer, run_dir, setup
from berrypick.agents.training.annotators import Annotator, annotate
from berrypick.agents.training.augment import augmented, together
from berrypick.agents.training.batch_ops import is_off, join, take
from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import Learner, RolloutBatch, TextLearner
from berrypick.agents.training.run_dir import Line
from berrypick.agents.training.setup import Run
from berrypick.agents.training.step_metrics import Seconds, describe
from berrypick.agents.training.update import Credited, Diverged, Updater
from berrypick.agents.training.update_stats import UpdateStats
from berrypick.errors import BadInput, Stopped

#: Called after each step with the line that was logged.
OnStep = Callable[[Line], None]


def train(config: Config, out: Path, on_step: OnStep = lambda _: None) -> None:
    """Train, from the newest checkpoint in ``out`` where there is one; does nothing where the run is complete.

    Writes ``config.json``, ``metrics.jsonl``, ``checkpoints/`` and, at the end, ``policy/``.

    Raises:
        BadInput: the folder holds another run or another process trains in it, or the configuration cannot be used.
        Stopped: a loss or gradient was NaN or infinite.
    """
    setup.check_folder(out, config)
    if (out / run_dir.POLICY).is_dir():
        _check_log(out)
        return
    with setup.opened(config, out) as run:
        for step in range(run.done, config.steps):
            on_step(train_step(run, step))
        run.save_policy()


def _check_log(out: Path) -> None:
    """Raise BadInput where the log of a finished run cannot be read, which no report could be written from."""
    try:
        run_dir.read_metrics(out)
    except BadInput as error:
        kept = f"the run is finished and {out / run_dir.POLICY} is whole; delete {out} to train it again"
        raise BadInput(f"{error.reason}; {kept}", file=error.file, line=error.line, field=error.field) from error


def train_step(run: Run, step: int) -> Line:
    """Do one step of a run and return its line of the log.

    Raises:
        Stopped: a loss or gradient was NaN or infinite.
    """
    begun = time.perf_counter()
    rollouts, selected = sample(run.learner, run.method, run.annotators, run.config, step)
    sampled = time.perf_counter()
    if bool(rollouts.batch.mask.any()):
        run.state = run.method.control(run.state, _mean_entropy(rollouts.batch))
    credited = advantages(run.method, rollouts.batch, selected)
    try:
        stats = update(run.updater, credited, run.state, seeding.rng(run.config.seed, "training", step))
    except Diverged as error:
        place = save_failed(run.out, step, take(credited.batch, error.rows))
        raise _stopped(step, f"{error}; its episodes are in {place}") from error
    imitated = refresh(run, step)
    updated = time.perf_counter()
    # The line first: what stands in the log beyond the newest checkpoint is dropped when a run is resumed.
    seconds = Seconds(sampled - begun, updated - sampled, time.perf_counter() - updated)
    line = describe(
        step, rollouts, selected, credited.advantage, stats.update(), run.config.lr, run.state, seconds, imitated
    )
    run.log.add(line)
    run.save_checkpoint(step)
    return line


def sample(
    learner: Learner, method: Method, annotators: Sequence[Annotator], config: Config, step: int
) -> tuple[RolloutBatch, Tensor]:
    """Play a step's groups, in as many rounds as the method allows while ``select`` drops some.

    Returns:
        All that was played, and which episodes are trained on: those of the first ``config.groups`` selected groups.
        Shape (N,), bool.
    """
    rounds = list[RolloutBatch]()
    for number in range(method.rounds):
        first = (step * method.rounds + number) * config.prompts_per_step
        played = learner.play(config.seed, first, config.prompts_per_step, config.group_size)
        if method.augment is not None:
            played = augmented(
                played, method.augment, cast(TextLearner, learner), config.seed, first, config.group_size
            )
        rounds.append(annotate(played, annotators))
        batch = join([played.batch for played in rounds])
        keep = method.select(batch, method.shape(batch))
        chosen = torch.unique(batch.group[keep])[: config.prompts_per_step]
        if len(chosen) == config.prompts_per_step:
            break
    traces = [trace for played in rounds for trace in played.traces]
    outcomes = [outcome for played in rounds for outcome in played.outcomes]
    refinement = together([played.refinement for played in rounds])
    return RolloutBatch(batch, traces, outcomes, refinement), keep & torch.isin(batch.group, chosen)


def advantages(method: Method, batch: Batch, selected: Tensor) -> Credited:
    """Return the selected episodes with the advantage of each of their tokens."""
    chosen = take(batch, selected.nonzero().flatten())
    advantage = method.advantage(method.shape(batch)[selected], chosen.group)
    return Credited(chosen, method.credit(chosen, spread(chosen, advantage)), advantage >= 0)


def update(updater: Updater, credited: Credited, state: Mapping[str, float], rng: np.random.Generator) -> UpdateStats:
    """Pass once over a batch, an optimiser step for each minibatch of whole groups.

    Raises:
        Diverged: a loss or gradient is NaN or infinite; the weights are those before that optimiser step.
    """
    stats = UpdateStats()
    if len(credited.batch.reward):
        for minibatch in updater.minibatches(credited, state, rng):
            loss = updater.backward(minibatch, stats)
            stats.step(loss, updater.step(minibatch.rows))
    return stats


def refresh(run: Run, step: int) -> dict[str, float]:
    """Do the supervised steps on demonstrations that are due after a step; nothing where the method has none."""
    if run.method.refresh is None or run.demonstrations is None:
        return {}
    try:
        return demonstration_buffer.refresh(run.updater, run.demonstrations, run.method.refresh, run.config.seed, step)
    except Diverged as error:
        raise _stopped(step, str(error)) from error


def save_failed(out: Path, step: int, batch: Batch) -> Path:
    """Keep the batch that a run stopped at."""
    path = out / f"failed-{step:06d}.safetensors"
    fields = {name: value for name, value in vars(batch).items() if isinstance(value, Tensor)}
    io.write_bytes(path, safetensors.torch.save(fields | dict(batch.extra) | batch.inputs))
    return path


def _stopped(step: int, reason: str) -> Stopped:
    return Stopped(f"step {step}: {reason}; the weights before it are in {run_dir.CHECKPOINTS}/")


def _mean_entropy(batch: Batch) -> float:
    """Return the mean entropy of the tokens that the policy generated on its own prompt, in nats."""
    return float(batch.entropy[batch.mask & ~is_off(batch)[:, None]].mean())
