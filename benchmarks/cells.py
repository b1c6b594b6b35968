"""Play one cell of a suite: choose its questions, record the episodes, read their outcomes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from inspect import signature
from typing import Any

import gymnasium
import msgspec

from berrypick import seeding
from berrypick.agents.base import Agent, Metered
from berrypick.agents.rollout import Failure, rollout
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.result import CellResult
from berrypick.benchmarks.suites import Cell
from berrypick.corpora.manifest import AUDIT_FILE
from berrypick.corpora.store import Corpus
from berrypick.envs import ENVS, worlds
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.search import SearchEnv
from berrypick.envs.tasks import Task, Tasks
from berrypick.errors import BadInput
from berrypick.records import Episode, Record


class CellRun(Record):
    """A finished cell.

    Attributes:
        readable: whether the agent reads the corpus; if not, nothing was played.
        setup: what the environment was made with, defaults included.
        fingerprints: of the corpora that were searched.
        tasks: outcomes, task by task.
        episodes: in order of task and rollout.
        failures: why rollouts failed.
        seconds: how long it took.
        cost: what the agent spent, if it is one that says so.
    """

    readable: bool
    setup: dict[str, Any]
    fingerprints: dict[str, str]
    tasks: tuple[TaskOutcomes, ...]
    episodes: tuple[Episode, ...]
    failures: tuple[Failure, ...]
    seconds: float
    cost: dict[str, float] = msgspec.field(default_factory=dict)


def make_env(cell: Cell) -> gymnasium.Env[str, str]:
    """Make the environment of a cell."""
    return gymnasium.make(cell.env, **cell.make())


def search_env(cell: Cell) -> SearchEnv:
    """The environment of a cell without its wrappers."""
    env = make_env(cell).unwrapped
    assert isinstance(env, SearchEnv)
    return env


def replay_env(cell: CellResult) -> SearchEnv:
    """The environment that a recorded cell was played in, from what its result says alone."""
    env = gymnasium.make(cell.env, **cell.setup).unwrapped
    assert isinstance(env, SearchEnv)
    return env


def resolved(cell: Cell) -> dict[str, Any]:
    """Every argument that a cell's environment is made with, defaults included."""
    defaults = {name: argument.default for name, argument in signature(SearchEnv).parameters.items()}
    return {**defaults, **ENVS[cell.env].arguments, **cell.make()}


def prepare(cell: Cell, slot: int) -> None:
    """Build one world of a cell and its indexes where they are missing."""
    env = search_env(cell.bare)
    world = env.tasks.world(slot)
    for name in env.setup.engines:
        world.engine(env.config.source(name))


def slots(cell: Cell) -> range:
    """The worlds of a cell, by their place in it."""
    return range(cell.worlds if worlds.has_worlds(cell.corpus) else 1)


def choose(tasks: Tasks, count: int) -> list[int]:
    """Choose a suite's questions: the same for every agent and seed, spread evenly over the worlds.

    Raises:
        BadInput: the worlds hold fewer questions.
    """
    wide = len(tasks.numbers)
    deep = tasks.count() // wide
    if deep * wide < count:
        raise BadInput(f"asks {count} questions, but {tasks.corpus} has {deep * wide} in {wide} worlds", field="tasks")
    drawn = seeding.rng(0, "task", 0).permutation(deep)
    ids = [int(number) * wide + slot for number in drawn for slot in range(wide)]
    return sorted(ids[:count])


def play(agent: Agent, cell: Cell, number: int, seed: int) -> CellRun:
    """Play every task and rollout of a cell.

    Args:
        agent: who plays.
        cell: what is played.
        number: of the cell in its suite.
        seed: of the agent's sampling.

    Raises:
        RolloutError: every rollout failed.
        AgentDown: the agent says that it cannot play.
    """
    if not agent.reads(cell.corpus):
        return CellRun(False, resolved(cell), {}, (), (), (), 0.0)
    clock = time.perf_counter()
    env = search_env(cell)
    ids = choose(env.tasks, cell.tasks)
    failures: list[Failure] = []
    episodes: list[Episode] = []
    outcomes: dict[int, list[Outcome]] = {task: [] for task in ids}
    played = rollout(agent, lambda: make_env(cell), ids, cell.rollouts, seed, cell=number, failures=failures)
    for task, (episode, trace) in zip(_repeat(ids, cell.rollouts), played, strict=True):
        episodes.append(episode)
        if episode.status == "ok":
            outcomes[task].append(analyse(trace, env.engines_of(env.tasks.at(task).world)))
    tasks = tuple(outcomes_of(number, task, env.tasks.at(task), outcomes[task], cell.rollouts) for task in ids)
    prints = dict(pair for slot in slots(cell) for pair in fingerprints(env.tasks.world(slot).corpus))
    seconds = round(time.perf_counter() - clock, 3)
    cost = agent.cost() if isinstance(agent, Metered) else {}
    return CellRun(True, resolved(cell), prints, tasks, tuple(episodes), tuple(failures), seconds, cost)


def fingerprints(corpus: Corpus) -> Iterator[tuple[str, str]]:
    """The hashes of a corpus that was searched: of its documents, and of its questions with their audit."""
    hashes = corpus.manifest.sha256
    place = f"{corpus.name}/{corpus.path.name}"
    questions = "".join(hashes[name] for name in ("questions.jsonl", AUDIT_FILE) if name in hashes)
    yield f"documents:{place}", hashes["documents.jsonl"]
    yield f"questions:{place}", hashlib.sha256(questions.encode()).hexdigest()


def _repeat(ids: list[int], times: int) -> Iterator[int]:
    return (task for task in ids for _ in range(times))


def outcomes_of(cell: int, number: int, task: Task, outcomes: Sequence[Outcome], rollouts: int) -> TaskOutcomes:
    """All rollouts of a task; of those asked for, the ones without an outcome have failed.

    Args:
        cell: number of the cell.
        number: the environment's number for the task.
        task: the task.
        outcomes: of the rollouts that ran, in order.
        rollouts: how many were asked for.
    """
    audit = task.world.corpus.audit.get(task.question.id)
    return TaskOutcomes(
        cell=cell,
        task_id=number,
        question_id=task.question.id,
        family=task.question.family,
        hops=task.question.hops,
        routes=audit.routes if audit else (),
        outcomes=tuple(outcomes),
        errors=rollouts - len(outcomes),
        survives=audit.survives if audit and any(audit.routes) else None,  # an empty route: no plan to judge
    )
