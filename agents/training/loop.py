"""The training loop (design 7): play, score, update, log, keep. It knows no method and no track.

Everything a step draws is a function of (seed, step), and each step ends in a checkpoint, so that a run that was killed
goes on to the very weights it would have reached.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import safetensors.torch
import torch
from torch import Tensor, nn

from berrypick import io, seeding
from berrypick.agents import methods
from berrypick.agents.methods.base import Batch, Method, Mining
from berrypick.agents.training import checkpoint, run_dir
from berrypick.agents.training import demonstration_buffer as bank
from berrypick.agents.training.augment import advised, augmented, together
from berrypick.agents.training.batch_ops import is_off, join, take
from berrypick.agents.training.config import Config, encode
from berrypick.agents.training.learner import Bank, Learner, Played, Reader
from berrypick.agents.training.run_dir import Line
from berrypick.agents.training.step_metrics import Seconds, describe
from berrypick.agents.training.text import ngrams, process_rewards
from berrypick.agents.training.tracks import make_learner
from berrypick.agents.training.update import Diverged, Updater
from berrypick.agents.training.update_stats import Tally
from berrypick.agents.treesearch import critics
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
    method = advised(methods.make(config.method), config.critic)
    _check_folder(out, config)
    if (out / run_dir.POLICY).is_dir():
        return
    learner = make_learner(config)
    reader = learner.reader
    if reader is None and (method.reflects or method.mines or method.judges or method.augment is not None):
        reason = (
            f"{method.name} reads what is written; episodes of {config.env} are no text, and an answer is one choice"
        )
        raise BadInput(f"{reason}; use an environment of the text track", field="method")
    with io.locked(out):
        if not (out / run_dir.CONFIG).exists():
            io.write_bytes(out / run_dir.CONFIG, encode(config))
        if reader is not None and method.mines:
            reader.grams = _mined(out / run_dir.GRAMS, learner, reader, method.mines, config.seed)
        if reader is not None and method.judges:
            reader.critics = _critics(out / run_dir.CRITICS, reader, method.judges, config.seed)
        how = method.refresh
        shown = None if how is None else bank.kept(out / run_dir.BANK, learner, config.seed, how.questions)
        run = _Run.start(config, method, learner, out, shown)
        for step in range(run.done, config.steps):
            on_step(run.step(step))
        with io.new_folder(out / run_dir.POLICY) as draft:
            learner.save(draft)


def _check_folder(out: Path, config: Config) -> None:
    """Raise BadInput where a folder holds another run."""
    if (out / run_dir.CONFIG).exists() and (found := run_dir.read_config(out)) != config:
        differ = [name for name in config.__struct_fields__ if getattr(found, name) != getattr(config, name)]
        raise BadInput(f"holds a run with another {', '.join(differ)}; use another --out", file=out / run_dir.CONFIG)


def _mined(path: Path, learner: Learner, reader: Reader, how: Mining, seed: int) -> frozenset[ngrams.Gram]:
    """The strategic grams of the start policy: mined once, read where a run goes on."""
    if not path.exists():
        io.write_bytes(path, ngrams.encode(ngrams.collect(learner.play, reader.protocol, seed, how.episodes)))
    found = io.decode(path.read_bytes(), msgspec.json.Decoder(ngrams.Grams), path).grams
    return frozenset(ngrams.some(found, how.kept, seed))


def _critics(path: Path, reader: Reader, episodes: int, seed: int) -> critics.Critics:
    """The critics of the start policy: trained once, read where a run goes on."""
    if not path.exists():
        io.write_bytes(path, critics.encode(process_rewards.trained(reader.player, seed, episodes)))
    return critics.read(path)


@dataclass
class _Run:
    config: Config
    method: Method
    learner: Learner
    updater: Updater
    bank: Bank | None
    out: Path
    log: io.Log
    done: int
    state: dict[str, float]

    @staticmethod
    def start(config: Config, method: Method, learner: Learner, out: Path, shown: Bank | None) -> _Run:
        from accelerate import Accelerator

        reference = _frozen(learner.module) if method.reference else None
        optimiser = torch.optim.Adam(learner.module.parameters(), lr=config.lr)
        done, state = 0, dict(method.state)
        if kept := checkpoint.stored(out / run_dir.CHECKPOINTS):
            found = checkpoint.restore(kept[-1], learner.module, optimiser)
            done, state = found.step, found.state
        accelerator = Accelerator(mixed_precision=config.precision, cpu=not torch.cuda.is_available())
        if reference is not None:
            reference = reference.to(accelerator.device)
        learner.module, optimiser = accelerator.prepare(learner.module, optimiser)
        updater = Updater(
            learner, method, optimiser, accelerator, reference, config.updates, config.micro, config.max_norm
        )
        log = io.Log(out / run_dir.METRICS, keep=done)
        return _Run(config, method, learner, updater, shown, out, log, done, state)

    def step(self, step: int) -> Line:
        begun = time.perf_counter()
        played, keep = generate(self.learner, self.method, self.config, step)
        rolled = time.perf_counter()
        if bool(played.batch.mask.any()):
            self.state = self.method.control(self.state, _mean_entropy(played.batch))
        batch, advantage = weigh(self.method, played.batch, keep)
        tally = self._update(batch, advantage, step)
        refreshed = self._refresh(step)
        updated = time.perf_counter()
        # The line first: what stands in the log beyond the newest checkpoint is dropped when a run goes on.
        seconds = Seconds(rolled - begun, updated - rolled, time.perf_counter() - updated)
        line = describe(step, played, keep, advantage, tally.update(), self.config.lr, self.state, seconds, refreshed)
        self.log.add(line)
        module = self.updater.accelerator.unwrap_model(self.learner.module)
        checkpoint.save(self.out / run_dir.CHECKPOINTS, module, self.updater.optimiser, step + 1, self.state)
        return line

    def _update(self, batch: Batch, advantage: Tensor, step: int) -> Tally:
        if not len(batch.reward):
            return Tally()
        draw = seeding.rng(self.config.seed, "training", step)
        try:
            return self.updater.update(batch, advantage, self.state, draw)
        except Diverged as error:
            place = save_failed(self.out, step, take(batch, error.rows))
            reason = (
                f"step {step}: {error}; its episodes are in {place}, the weights before it in {run_dir.CHECKPOINTS}/"
            )
            raise Stopped(reason) from error

    def _refresh(self, step: int) -> dict[str, float]:
        if self.method.refresh is None or self.bank is None:
            return {}
        try:
            return bank.refresh(self.updater, self.bank, self.method.refresh, self.config.seed, step)
        except Diverged as error:
            raise Stopped(f"step {step}: {error}; the weights before it are in {run_dir.CHECKPOINTS}/") from error


def save_failed(out: Path, step: int, batch: Batch) -> Path:
    """Keep the batch that a run stopped at."""
    path = out / f"failed-{step:06d}.safetensors"
    fields = {name: value for name, value in vars(batch).items() if isinstance(value, Tensor)}
    io.write_bytes(path, safetensors.torch.save(fields | batch.inputs))
    return path


def _mean_entropy(batch: Batch) -> float:
    """Of what the policy generated by itself."""
    return float(batch.entropy[batch.mask & ~is_off(batch)[:, None]].mean())


def generate(learner: Learner, method: Method, config: Config, step: int) -> tuple[Played, Tensor]:
    """Play a step's groups, in as many rounds as the method allows while ``select`` drops some.

    Returns:
        All that was played, and which episodes are trained on: those of the first ``config.groups`` selected groups.
    """
    rounds: list[Played] = []
    for number in range(method.rounds):
        first = (step * method.rounds + number) * config.groups
        played = learner.play(config.seed, first, config.groups, config.size)
        reader = learner.reader
        if method.augment is not None and reader is not None:
            played = augmented(played, method.augment, reader, config.seed, first, config.size)
        if method.reflects and reader is not None:
            played = played._replace(batch=reader.reflect(played))
        rounds.append(played)
        batch = join([played.batch for played in rounds])
        keep = method.select(batch, method.shape(batch))
        chosen = torch.unique(batch.group[keep])[: config.groups]
        if len(chosen) == config.groups:
            break
    keep = keep & torch.isin(batch.group, chosen)
    traces = [trace for played in rounds for trace in played.traces]
    outcomes = [outcome for played in rounds for outcome in played.outcomes]
    return Played(batch, traces, outcomes, together([played.refinement for played in rounds])), keep


def weigh(method: Method, batch: Batch, keep: Tensor) -> tuple[Batch, Tensor]:
    """Return the selected episodes and the advantage of each of their tokens. Shape (n, T)."""
    selected = take(batch, keep.nonzero().flatten())
    advantage = method.advantage(method.shape(batch)[keep], selected.group)
    return selected, method.credit(selected, advantage)


def _frozen(module: nn.Module) -> nn.Module:
    return copy.deepcopy(module).requires_grad_(False).eval()
