"""Run agents through a suite: one folder for one (agent, suite, seed). Cells are the unit of work and of resuming."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from berrypick import agents, io
from berrypick.agents.base import Weighted
from berrypick.agents.rollout import RolloutError
from berrypick.benchmarks import aggregate, cells, dominant_move, provenance, result
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.executor import Executor, LocalExecutor
from berrypick.benchmarks.result import Config
from berrypick.benchmarks.suites import Cell, cells_of, privately, reduced
from berrypick.benchmarks.versions import contract
from berrypick.errors import BadInput

CELLS: Final = ".cells"
CONFIG: Final = "config.json"
ERRORS: Final = "errors.log"

#: Called after each finished step with what was finished, in words.
Progress = Callable[[str], None]
#: Called once with the number of steps; returns what to call after each.
StartProgress = Callable[[int], Progress]


class Job(NamedTuple):
    """One cell of one run, small enough to hand to another process."""

    config: Config
    folder: Path
    number: int

    @property
    def cell(self) -> Cell:
        """What is played."""
        return self.config.cells[self.number]

    @property
    def file(self) -> Path:
        """Where the finished cell is kept."""
        return self.folder / CELLS / f"{self.number:02d}.json.gz"

    def tally(self) -> str:
        """Who played what, and what came of it; the cell must be finished."""
        return f"{self.config.agent} in {self.cell.label}: {tally(result.unpack(self.file, CellRun))}"

    def resolved(self) -> Cell:
        """What is played, with what was measured in the plain cell filled in, which must be finished by then."""
        if not self.cell.waits:
            return self.cell
        if self.config.frozen:
            return dominant_move.refuse(self.cell, self.config.frozen[self.cell.label])
        plain = self._replace(number=dominant_move.plain_of(self.config.cells, self.cell))
        return dominant_move.without_dominant_move(self.cell, result.unpack(plain.file, CellRun).tasks)


def run(
    names: Sequence[str],
    suite: str,
    seed: int,
    out: Path,
    *,
    protocol: str = "tags",
    salt: str = "",
    questions: int | None = None,
    rollouts: int | None = None,
    dominant_move_of: Path | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    executor: Executor | None = None,
    start_progress: StartProgress = lambda total: lambda done: None,
) -> list[Path]:
    """Run agents through a suite and write their run folders: ``out`` for one agent, ``out/AGENT`` for several.

    Cells that the same configuration finished there before are not played again.

    Args:
        names: names of agents, as ``agents.make`` knows them.
        suite: a row of ``SUITES``, or ``corpus:NAME``.
        seed: of the agents' sampling and of the intervals; worlds and questions belong to the suite.
        out: where to write.
        protocol: how actions are written, a row of ``PROTOCOLS``.
        salt: digest of a salt in use (``corpora.salted``): play in its worlds instead of everybody's.
        questions: asked in each cell, None for as many as the suite has; a run with another number is a smoke test.
        rollouts: of each question, None for as many as the suite has; likewise.
        dominant_move_of: folder of another agent's run, whose dominant moves are refused instead of one's own.
        jobs: processes; with more than one, a script must guard its main module as ``multiprocessing`` asks.
        overwrite: where a folder holds a run of another configuration, remove that run.
        executor: where worlds are built and cells are played; None for ``jobs`` processes of this machine.
        start_progress: called once with the number of steps; what it returns is called after each.

    Returns:
        The run folders, in order of the names.

    Raises:
        UnknownName: no such agent, suite or protocol.
        BadInput: the seed or ``jobs`` is out of range, or a folder holds a run of another configuration; the message
            says what differs.
        RolloutError: every rollout of a cell failed.
        AgentDown: an agent says that it cannot play; what it finished stays.
    """
    if jobs < 1:
        raise BadInput(f"must be at least 1, got {jobs}", field="jobs")
    begun, clock = datetime.now(UTC), time.perf_counter()
    configs = [configure(name, suite, seed, protocol, salt, questions, rollouts, dominant_move_of) for name in names]
    folders = [out] if len(names) == 1 else [out / folder_name(name) for name in names]
    for config, folder in zip(configs, folders, strict=True):
        claim(folder, config, overwrite)
    work = [Job(c, folder, i) for c, folder in zip(configs, folders, strict=True) for i in range(len(c.cells))]
    todo = [job for job in work if not job.file.is_file()]
    needed = _worlds([job.cell for job in todo])
    on_progress = start_progress(len(needed) + len(todo))
    executor = executor or LocalExecutor(jobs)
    executor.map(_prepare, needed, lambda spot: on_progress(f"{spot[0].corpus} {spot[1]}"))
    for waits in (False, True):
        ready = [job for job in todo if job.cell.waits == waits]
        executor.map(_play, ready, lambda job: on_progress(job.tally()))
    for config, folder in zip(configs, folders, strict=True):
        total = round(time.perf_counter() - clock, 3)
        _finish(config, folder, {"started": begun.isoformat(timespec="seconds"), "total": total})
    return folders


def _worlds(todo: Sequence[Cell]) -> list[tuple[Cell, int]]:
    """Every world of some cells once, as a cell that has it and its place in that cell."""
    found = {(cell.corpus, cell.split, slot): (cell, slot) for cell in todo for slot in cells.slots(cell)}
    return list(found.values())


def _prepare(spot: tuple[Cell, int]) -> None:
    cells.prepare(*spot)


def _play(job: Job) -> None:
    agent = agents.make(job.config.agent)
    try:
        played = cells.play(agent, job.resolved(), job.number, job.config.seed)
    except RolloutError as error:
        io.write_bytes(job.folder / ERRORS, "\n".join([f"{job.cell.label}:", *error.__notes__]).encode())
        kept = f"its traceback is in {job.folder / ERRORS}; finished cells are kept, and the same command goes on"
        raise RolloutError(f"{job.cell.label}: {error}; {kept}") from error
    io.write_bytes(job.file, result.squeeze(msgspec.json.encode(played)))


def tally(played: CellRun) -> str:
    """Count what was played: "960 episodes, 2 errors, 31 invalid actions, 12,345 tokens"."""
    if not played.readable:
        return "not read by this agent"
    invalid = sum(outcome.invalid for task in played.tasks for outcome in task.outcomes)
    tokens = sum(step.tokens for episode in played.episodes for step in episode.steps)
    counts = (len(played.episodes), "episodes"), (len(played.failures), "errors"), (invalid, "invalid actions")
    return ", ".join(f"{count:,} {what}" for count, what in (*counts, (tokens, "tokens")))


def _finish(config: Config, folder: Path, times: dict[str, str | float]) -> None:
    played = [result.unpack(Job(config, folder, i).file, CellRun) for i in range(len(config.cells))]
    _log(folder / ERRORS, config, played)
    found = aggregate.assemble(config, played, times)
    if salt := config.sources.get("salt"):
        source = found.provenance
        source = replace(source, command=f"{source.command} --salt FILE-WITH-HASH-{salt:.16}")
        found = replace(found, provenance=source)
    if config.frozen:
        source = found.provenance
        source = replace(source, command=f"{source.command} --dominant-move-of RUN-OF-ANOTHER-AGENT")
        found = replace(found, provenance=source)
    result.write(
        folder,
        found,
        [episode for cell in played for episode in cell.episodes],
        [task for cell in played for task in cell.tasks],
    )


def _log(path: Path, config: Config, played: Sequence[CellRun]) -> None:
    """Write why rollouts failed; no file where none did, not even one of an earlier run."""
    log = [
        f"{cell.label}, task {failure.task}, rollout {failure.rollout}:\n{failure.traceback}"
        for cell, done in zip(config.cells, played, strict=True)
        for failure in done.failures
    ]
    if log:
        io.write_bytes(path, "\n".join(log).encode())
    else:
        path.unlink(missing_ok=True)


def folder_name(agent: str) -> str:
    """An agent's name as a folder's: ``scripted:names-only`` becomes ``scripted-names-only``."""
    return "".join(letter if letter.isalnum() or letter in "._+-" else "-" for letter in agent)


def configure(
    agent: str,
    suite: str,
    seed: int,
    protocol: str = "tags",
    salt: str = "",
    questions: int | None = None,
    rollouts: int | None = None,
    dominant_move_of: Path | None = None,
) -> Config:
    """Resolve what a run's numbers depend on, checking the names and the numbers."""
    suite_cells = cells_of(suite, protocol)
    if salt:
        suite_cells = privately(suite_cells, salt)
    played = reduced(suite_cells, questions, rollouts)
    made = agents.make(agent)
    weights = made.weights() if isinstance(made, Weighted) else ""
    if not 0 <= seed < 2**32:
        raise BadInput(f"must be in [0, 2**32), got {seed}", field="seed")
    return Config(
        schema=result.SCHEMA,
        agent=agent,
        suite=suite,
        seed=seed,
        cells=played,
        versions=provenance.versions(),
        sources=provenance.source_fingerprints()
        | {name: value for name, value in (("weights", weights), ("salt", salt)) if value},
        contract=contract(suite),
        smoke_test=played != suite_cells,
        frozen=dominant_move.freeze(played, dominant_move_of) if dominant_move_of else {},
    )


def claim(folder: Path, config: Config, overwrite: bool) -> None:
    """Take a folder for a configuration; what the same configuration finished there stays.

    Raises:
        BadInput: the folder holds a run of another configuration and ``overwrite`` is off, or the runs of several
            agents, whose joint report would be lost.
    """
    several = [path.parent.name for path in sorted(folder.glob(f"*/{result.RESULT}"))]
    if several:
        raise BadInput(f"holds the runs of {', '.join(several)}; choose another --out, or a folder in it", file=folder)
    here, there = msgspec.json.decode(result.canonical(config)), _configuration(folder)
    differs = [] if there is None else [key for key in sorted(here) if there.get(key) != here[key]]
    if differs and not overwrite:
        hint = "choose another --out, or pass --overwrite to replace it"
        raise BadInput(f"holds a run of another configuration (differs in: {', '.join(differs)}); {hint}", file=folder)
    if differs:
        shutil.rmtree(folder / CELLS, ignore_errors=True)
        for name in (result.RESULT, result.EPISODES, result.OUTCOMES, ERRORS):
            (folder / name).unlink(missing_ok=True)
    io.write_bytes(folder / CELLS / CONFIG, result.canonical(config))


def _configuration(folder: Path) -> dict[str, Any] | None:
    """The configuration that a folder holds a run of, as it stands there; a result without its cells is a run too."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    path = folder / CELLS / CONFIG
    if path.is_file():
        return io.decode(path.read_bytes(), decoder, path)
    path = folder / result.RESULT
    return io.decode(path.read_bytes(), decoder, path).get("config", {}) if path.is_file() else None
