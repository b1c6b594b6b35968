"""Run the trials of a sweep, each in a process of its own, so that one that is killed takes no other with it."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, NamedTuple

from berrypick import io
from berrypick.agents.training import run_dir
from berrypick.agents.training.config import Config
from berrypick.benchmarks import run as bench
from berrypick.benchmarks.executor import Executor, end_quietly
from berrypick.benchmarks.result import RESULT
from berrypick.benchmarks.run import Progress, StartProgress
from berrypick.benchmarks.studies.sweep import config as sweep_config
from berrypick.benchmarks.studies.sweep.config import ERROR, EVALUATION, TRAINING, Plan, Trial
from berrypick.errors import BadInput

#: Processes share the cores, not threads; set before a child loads what reads it.
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
) | {"OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
#: Seconds that a trial waits for its folder: an orphan of a sweep that was killed needs a moment to notice.
_PATIENCE: Final = 30.0
#: Signs of life that a training run gives, at most.
_SIGNS: Final = 10

#: Called after each step of a training run.
Step = Callable[[Any], None]


def _train(config: Config, out: Path, on_step: Step) -> None:
    from berrypick.agents.training import loop  # torch

    loop.train(config, out, on_step)


def _evaluate(agent: str, suite: str, seed: int, out: Path, dominant_move_of: Path | None = None) -> None:
    # An evaluation that was cut off under other sources is begun anew; one that is whole is not asked for again.
    bench.run([agent], suite, seed, out, dominant_move_of=dominant_move_of, overwrite=True)


class Work(NamedTuple):
    """What a trial does; functions of a module, as another process calls them."""

    train: Callable[[Config, Path, Step], None] = _train
    evaluate: Callable[..., None] = _evaluate


def run(
    plan: Plan,
    out: Path,
    *,
    jobs: int = 1,
    work: Work = Work(),  # noqa: B008 - frozen
    executor: Executor | None = None,
    start_progress: StartProgress = lambda total: lambda done: None,
) -> list[Trial]:
    """Run what is not done yet of a sweep. A trial that fails leaves ``error.txt`` in its folder, and the others go on.

    Args:
        plan: the trials.
        out: folder of the sweep.
        jobs: processes; a script must guard its main module as ``multiprocessing`` asks.
        work: how trials train and are evaluated.
        executor: where trials run; None for ``jobs`` processes of this machine. Workers share ``out``; a trial whose
            worker is lost goes on from its last step.
        start_progress: called once with the number of steps; what it returns is called after each.

    Returns:
        The trials that failed.

    Raises:
        BadInput: ``jobs`` is out of range, another process runs this sweep, or the folder holds trials that differ.
    """
    if jobs < 1:
        raise BadInput(f"must be at least 1, got {jobs}", field="jobs")
    with io.locked(out):
        sweep_config.claim(plan, out)
        todo = [trial for trial in plan.trials if not is_done(trial, out)]
        if executor is not None:
            _run_on(executor, todo, out, work, start_progress(len(todo)))
            return [trial for trial in todo if not is_done(trial, out)]
        on_progress = start_progress(sum(_signs(trial, out) for trial in todo))
        with _environment(_ONE_THREAD):
            _run_all(todo, out, jobs, work, on_progress)
    return [trial for trial in todo if not is_done(trial, out)]


def is_done(trial: Trial, out: Path) -> bool:
    """Whether the policy of a trial was evaluated."""
    return (out / trial.place / EVALUATION / RESULT).is_file()


def _run_on(executor: Executor, todo: list[Trial], out: Path, work: Work, on_progress: Progress) -> None:
    def ended(trial: Trial) -> None:
        place = out / trial.place / ERROR
        on_progress(f"{trial.label}: {'evaluated' if is_done(trial, out) else f'FAILED, see {place}'}")

    def lost(trial: Trial, reason: str) -> None:
        io.write_bytes(out / trial.place / ERROR, reason.encode())
        ended(trial)

    executor.map(partial(_do_on, out=out, work=work), todo, ended, lost)


def _do_on(trial: Trial, out: Path, work: Work) -> None:
    """Do one trial on a worker; a failure is in its folder."""
    _do(trial, out, work, lambda line: None)


def _run_all(todo: list[Trial], out: Path, jobs: int, work: Work, on_progress: Progress) -> None:
    waiting, running = iter(todo), dict[Connection, _Running]()
    try:
        while True:
            for trial in islice(waiting, jobs - len(running)):
                ears, process = _start(trial, out, work)
                running[ears] = _Running(trial, process)
            if not running:
                return
            heard = connection.wait(list(running))
            for ears in [ears for ears in running if ears in heard]:
                try:
                    on_progress(ears.recv())
                except EOFError:
                    running.pop(ears).end(out, on_progress)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


class _Running(NamedTuple):
    trial: Trial
    process: BaseProcess

    def end(self, out: Path, on_progress: Progress) -> None:
        """See off a process that hung up, however it ended."""
        self.process.join()
        code, path = self.process.exitcode, out / self.trial.place / ERROR
        if code and not path.is_file():
            io.write_bytes(path, f"its process ended with exit code {code}; below 0, minus a signal's number".encode())
        on_progress(f"{self.trial.label}: {f'FAILED, see {path}' if code else 'evaluated'}")


def _start(trial: Trial, out: Path, work: Work) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")  # the engines' threads do not survive a fork
    ears, mouth = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(trial, out, work, mouth), name=trial.label, daemon=True)
    process.start()
    mouth.close()  # the process has the only one, so that its end is heard
    return ears, process


def _work(trial: Trial, out: Path, work: Work, mouth: Connection) -> None:
    """Do one trial; what runs in its process."""
    end_quietly()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not _do(trial, out, work, _Signs(trial, out / trial.place, mouth) if trial.config else lambda line: None):
        raise SystemExit(1)


def _do(trial: Trial, out: Path, work: Work, on_step: Step) -> bool:
    """Train and evaluate; returns False where that failed, which ``error.txt`` tells of."""
    place = out / trial.place
    (place / ERROR).unlink(missing_ok=True)
    try:
        with io.locked(place, _PATIENCE):
            policy = trial.start
            if trial.config is not None:
                work.train(trial.config, place / TRAINING, on_step)
                policy = str(place / TRAINING / run_dir.POLICY)
            frozen = {} if trial.frozen_from is None else {"dominant_move_of": _evaluated(out / trial.frozen_from)}
            work.evaluate(f"{trial.kind}:{policy}", trial.suite, trial.seed, place / EVALUATION, **frozen)
    except Exception:
        io.write_bytes(place / ERROR, traceback.format_exc().encode())
        return False
    return True


def _evaluated(start: Path) -> Path:
    """Wait until the start of a track is evaluated, and return the folder of its evaluation; BadInput if it failed."""
    while not (start / EVALUATION / RESULT).is_file():
        if (start / ERROR).is_file():
            raise BadInput("failed, and its dominant move is refused here; give the command again", file=start / ERROR)
        time.sleep(1.0)
    return start / EVALUATION


def _end_with_parent() -> None:
    """End with the sweep, even where it was killed: the next one is to find nobody in its folders."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


class _Signs:
    """Called after each step of a training run; says every few steps how far it is."""

    def __init__(self, trial: Trial, place: Path, mouth: Connection) -> None:
        assert trial.config is not None
        self._label, self._steps, self._done, self._mouth = trial.label, trial.config.steps, _steps(place), mouth

    def __call__(self, line: object) -> None:
        self._done += 1
        if self._done % _every(self._steps) == 0:
            self._mouth.send(f"{self._label}: step {self._done} of {self._steps}")


def _every(steps: int) -> int:
    return max(1, steps // _SIGNS)


def _steps(place: Path) -> int:
    """Steps that a training run has logged so far."""
    path = place / TRAINING / run_dir.METRICS
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def _signs(trial: Trial, out: Path) -> int:
    """How often a trial will be heard: while it trains, and when it has ended."""
    if trial.config is None:
        return 1
    every = _every(trial.config.steps)
    return trial.config.steps // every - _steps(out / trial.place) // every + 1


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables that child processes inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
