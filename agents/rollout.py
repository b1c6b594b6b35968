"""Play an agent over tasks x rollouts in lockstep, one action per running episode and turn, and record the episodes.

The result depends on (agent, environment, tasks, seed) alone: every rollout owns its generator, so neither the number
of episodes that run side by side nor their order changes a byte.
"""

from __future__ import annotations

import hashlib
import itertools
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from berrypick import seeding
from berrypick.agents.base import Agent, AgentDown, EpisodeView
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import Stopped
from berrypick.records import Episode, Step

if TYPE_CHECKING:
    from berrypick.agents.discrete.agent import Policy

#: An action as whoever plays represents it: text, tokens, or None for a failed call.
Action = TypeVar("Action")

EPISODE_SCHEMA: Final = 1
#: EpisodeView ids are never reused in a process, so that an agent may serve several rollouts and key caches on them.
_ROW_IDS = itertools.count()


class Failure(NamedTuple):
    """Why one rollout stopped with status "error"."""

    task: int
    rollout: int
    traceback: str


class RolloutError(Stopped):
    """Every rollout failed (or one did, and the caller keeps no list of failures); the traceback is a note of it."""

    @classmethod
    def of(cls, what: str, failure: Failure) -> RolloutError:
        """Say in one line what happened and what the exception was."""
        *_, last = failure.traceback.strip().splitlines() or [""]
        error = cls(f"{what}: {last}")
        error.add_note(failure.traceback)
        return error


@runtime_checkable
class Informed(Protocol):
    """An agent that plays with the gold in its hands: the oracles of ``agents.baselines`` and nothing else."""

    def tell(self, row: int, trace: Trace) -> None:
        """Hand over the trace of a starting episode, which holds its question and corpus."""
        ...


@dataclass
class _Running:
    task: int
    number: int
    row: int
    rng: np.random.Generator
    env: Any
    trace: Trace
    history: list[str]
    over: bool = False
    failure: Failure | None = None

    def fail(self) -> None:
        self.over, self.failure = True, Failure(self.task, self.number, traceback.format_exc())


def rollout(
    agent: Agent,
    make_env: Callable[[], Any],
    tasks: Sequence[int],
    rollouts: int,
    seed: int,
    *,
    cell: int = 0,
    batch: int = 64,
    failures: list[Failure] | None = None,
) -> Iterator[tuple[Episode, Trace]]:
    """Yield (episode, trace) for every task and rollout, tasks outermost, in the order given.

    Args:
        agent: who plays; it sees histories and its rows' generators, never ``info``.
        make_env: makes a SearchEnv, wrapped or not; called at most ``batch`` times.
        tasks: task ids of the environment.
        rollouts: episodes per task, at most 4096.
        seed: seeds the generators of the rollouts and the faults of the environment, nothing else.
        cell: written into the episodes.
        batch: episodes that run side by side.
        failures: where an exception of the agent or of a step is appended; its episode has status "error" and holds
            the steps up to there. Without a list the first exception ends the run.

    Raises:
        RolloutError: an exception without ``failures``, or every rollout failed.
        AgentDown: the agent says that it cannot play.
        ValueError: ``batch`` or ``rollouts`` below 1.
    """
    if batch < 1 or rollouts < 1:
        raise ValueError(f"batch and rollouts must be at least 1, got {batch} and {rollouts}")
    jobs = [(task, number) for task in tasks for number in range(rollouts)]
    envs = [make_env() for _ in range(min(batch, len(jobs)))]
    failed: list[Failure] = []
    try:
        for start in range(0, len(jobs), batch):
            for episode in _play(agent, envs, jobs[start : start + batch], seed):
                if episode.failure is not None:
                    failed.append(episode.failure)
                    _report(episode.failure, failures)
                yield record(episode.trace, cell, episode.number, error=episode.failure is not None), episode.trace
    finally:
        for env in envs:
            env.close()
    if failed and len(failed) == len(jobs):
        raise RolloutError.of(f"all {len(jobs)} rollouts of {agent.name} failed, the first with", failed[0])


def rollout_numbers(
    policy: Policy, make_env: Callable[[], Any], tasks: Sequence[int], rollouts: int, seed: int, *, cell: int = 0
) -> Iterator[tuple[Episode, Trace]]:
    """Play a policy of the discrete track in its own environment; otherwise as ``rollout``, which plays it in text.

    The generators are those of ``rollout``, so that both give the same episodes. Any exception ends the run.
    """
    env = make_env()
    try:
        for task, number in itertools.product(tasks, range(rollouts)):
            rng = seeding.rollout_rng(seed, "rollout", task, number)
            observation, info = env.reset(seed=rollout_seed(seed, number), options={"task_id": task})
            over = False
            while not over:
                action = policy(observation, info["action_mask"], rng)
                observation, _, terminated, truncated, info = env.step(action)
                over = terminated or truncated
            yield record(env.unwrapped.trace, cell, number), env.unwrapped.trace
    finally:
        env.close()


def record(trace: Trace, cell: int, rollout: int, *, error: bool = False) -> Episode:
    """Return the episode of a trace as ``episodes.jsonl.gz`` holds it (docs/design.md)."""
    documents = trace.corpus.documents
    steps = tuple(
        Step(
            action=turn.raw,
            obs_sha256=hashlib.sha256(turn.observation.encode("utf-8", "surrogatepass")).hexdigest(),
            doc_ids=tuple(documents[position].id for position in turn.docs),
            scores=turn.scores,
            tokens=len(turn.raw.split()),
        )
        for turn in trace.turns
    )
    return Episode(
        schema=EPISODE_SCHEMA,
        cell=cell,
        question_id=trace.question.id,
        rollout=rollout,
        status="error" if error else "ok",
        steps=steps,
        answer=trace.answer,
        reward=trace.reward,
        terminated=trace.terminated,
        truncated=trace.truncated,
    )


def _report(failure: Failure, failures: list[Failure] | None) -> None:
    if failures is None:
        raise RolloutError.of(f"rollout {failure.rollout} of task {failure.task} failed", failure)
    failures.append(failure)


def lockstep(
    count: int,
    act: Callable[[list[int]], Sequence[Action]],
    step: Callable[[list[int], Sequence[Action]], Sequence[bool]],
) -> Iterator[list[int]]:
    """Play episodes side by side, one turn of each running episode at a time. The only play loop.

    Args:
        count: number of episodes.
        act: numbers of the running episodes, ascending -> an action for each.
        step: the same numbers and their actions -> for each, whether its episode goes on.

    Yields:
        After each turn, the numbers of the episodes that played it.
    """
    running = list(range(count))
    while running:
        goes_on = step(running, act(running))
        yield running
        running = [number for number, on in zip(running, goes_on, strict=True) if on]


def _play(agent: Agent, envs: list[Any], jobs: Sequence[tuple[int, int]], seed: int) -> list[_Running]:
    episodes = [_start(agent, env, task, number, seed) for env, (task, number) in zip(envs, jobs, strict=False)]

    def act(running: list[int]) -> list[str | None]:
        return _actions(agent, [episodes[number] for number in running])

    def step(running: list[int], actions: Sequence[str | None]) -> list[bool]:
        for number, action in zip(running, actions, strict=True):
            if action is not None:
                _step(episodes[number], action)
        return [not episodes[number].over for number in running]

    for _ in lockstep(len(episodes), act, step):
        pass
    return episodes


def _start(agent: Agent, env: Any, task: int, number: int, seed: int) -> _Running:
    observation, _ = env.reset(seed=rollout_seed(seed, number), options={"task_id": task})
    trace = env.unwrapped.trace
    row = next(_ROW_IDS)
    if isinstance(agent, Informed):
        agent.tell(row, trace)
    rng = seeding.rollout_rng(seed, "rollout", task, number)
    return _Running(task, number, row, rng, env, trace, [str(observation)])


def _actions(agent: Agent, running: list[_Running]) -> list[str | None]:
    """Return one action per episode, None for those whose own call fails.

    A batch that fails is repeated row by row from the same generator states: one bad row takes no other with it, and
    the good rows act as if it had not been there.
    """
    states = [episode.rng.bit_generator.state for episode in running]
    try:
        return list(_ask(agent, running))
    except AgentDown:
        raise
    except Exception:  # any failure of an agent is recorded, with its traceback, as that episode's
        if len(running) == 1:
            running[0].fail()
            return [None]
    actions: list[str | None] = []
    for episode, state in zip(running, states, strict=True):
        episode.rng.bit_generator.state = state
        actions.extend(_actions(agent, [episode]))
    return actions


def _ask(agent: Agent, running: list[_Running]) -> list[str]:
    rows = [EpisodeView(episode.row, tuple(episode.history)) for episode in running]
    actions = agent.act(rows, [episode.rng for episode in running])
    if len(actions) != len(rows) or not all(isinstance(action, str) for action in actions):
        raise TypeError(f"{agent.name} must return {len(rows)} strings, one per row; got {actions!r:.200}")
    return actions


def _step(episode: _Running, action: str) -> None:
    try:
        observation, _, terminated, truncated, _ = episode.env.step(action)
    except Exception:  # recorded with its traceback: a broken engine or reward is no wrong answer
        episode.fail()
        return
    episode.history += [action, str(observation)]
    episode.over = bool(terminated or truncated)
