"""A policy that goes on from any state of an episode: options and completions, many side by side."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import Policy
from berrypick.agents.lm.render import Script
from berrypick.agents.lm.tokens import RowTokens
from berrypick.agents.rollout import lockstep
from berrypick.agents.treesearch.tree import Point
from berrypick.corpora.engines.base import Engine
from berrypick.envs.batched import step_together
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput


class Continuation(NamedTuple):
    """An episode played on from a point.

    Attributes:
        trace: of the whole episode.
        points: after each turn that was played; the last one is where the episode stands now.
        tokens: number of generated tokens.
    """

    trace: Trace
    points: tuple[Point, ...]
    tokens: int


class SessionPlay:
    """Episodes that a session's rows play side by side, each row one episode.

    Args:
        session: without rows.
        script: how episodes become tokens.
        envs: environments whose episodes are running.
        openings: tokens that each row reads before its first action.
        rngs: generator of each row.

    Attributes:
        rows: tokens of each episode, whether it runs or has ended.
        actions: for each episode the tokens of its actions so far.
    """

    def __init__(
        self,
        session: Session,
        script: Script,
        envs: Sequence[SearchEnv],
        openings: Sequence[Sequence[int]],
        rngs: Sequence[np.random.Generator],
    ) -> None:
        self._session, self._script, self._envs, self._rngs = session, script, envs, rngs
        session.start(openings, [script.stop(env.setup.protocol) for env in envs])
        self.rows: list[RowTokens] = list(session.rows)
        self.actions: list[list[list[int]]] = [[] for _ in envs]

    def turns(self) -> Iterator[list[int]]:
        """Play; yields after each turn the numbers of the episodes that played it."""
        return lockstep(len(self._envs), self._act, self._step)

    def _act(self, running: list[int]) -> list[list[int]]:
        return self._session.act([self._rngs[number] for number in running])

    def _step(self, running: list[int], actions: Sequence[list[int]]) -> list[bool]:
        for number, action in zip(running, actions, strict=True):
            self.actions[number].append(action)
        texts = [self._script.text(action) for action in actions]
        observations = step_together([self._envs[number] for number in running], texts)
        going = [place for place, observation in enumerate(observations) if observation is not None]
        self._session.keep(going)
        for row, place in zip(self._session.rows, going, strict=True):
            row.read(self._script.reply(observations[place] or "", actions[place]))
        return [observation is not None for observation in observations]


class Player:
    """A policy and an environment.

    Args:
        policy: sampled as its card says.
        env: is never played itself.
    """

    def __init__(self, policy: Policy, env: SearchEnv) -> None:
        self._policy, self._env = policy, env
        self._script = Script(policy.tokenizer, policy.ends)

    def episodes(self, seed: int, first: int, count: int) -> list[int]:
        """Numbers of episodes from ``first`` on whose task draws (seed, number) are all different questions.

        Raises:
            BadInput: the environment does not ask so many.
        """
        tasks, asked, found = self._env.tasks, set[str](), list[int]()
        there = sum(len(tasks.questions(slot)) for slot in range(len(tasks.numbers)))
        if count > there:
            raise BadInput(
                f"{count} questions are wanted, the environment asks {there}; use more worlds", field="worlds"
            )
        for number in itertools.count(first):
            if len(found) == count:
                break
            question = tasks.draw(seed, number).question.id
            if question not in asked:
                asked.add(question)
                found.append(number)
        return found

    def begin(self, seed: int, episode: int) -> tuple[Point, Trace]:
        """The start of the episode that the environment's task draw gives (seed, episode), and its trace so far."""
        env = self._asked(seed, episode)
        ids = tuple(self._script.opening(env.trace.prompt))
        return Point(env.snapshot(), ids, (False,) * len(ids), False), env.trace

    def engines(self, seed: int, episode: int) -> dict[str, Engine]:
        """Name -> engine over the world of that episode."""
        return self._asked(seed, episode).engines

    def _asked(self, seed: int, episode: int) -> SearchEnv:
        env, tasks = copy.copy(self._env), self._env.tasks
        number = tasks.number(tasks.draw(seed, episode))
        env.reset(seed=rollout_seed(seed, 0), options={"task_id": number})
        return env

    def play(
        self, points: Sequence[Point], rngs: Sequence[np.random.Generator], turns: int | None = None
    ) -> list[Continuation]:
        """Go on from each point, to the end of its episode or for some turns.

        Args:
            points: of episodes that are not over; one may occur several times.
            rngs: a generator for each.
            turns: to play at most, None for all.
        """
        envs = [self._at(point) for point in points]
        play = SessionPlay(Session.of(self._policy), self._script, envs, [point.ids for point in points], rngs)
        passed: list[list[Point]] = [[] for _ in points]
        for played, running in enumerate(play.turns(), 1):
            for number in running:
                ids, mask, start = play.rows[number].ids, play.rows[number].mask, points[number]
                whole = start.mask + tuple(mask[len(start.mask) :])
                passed[number].append(Point(envs[number].snapshot(), tuple(ids), whole, envs[number].simulation.over))
            if played == turns:
                break
        return [
            Continuation(env.trace, tuple(after), sum(row.mask))
            for env, after, row in zip(envs, passed, play.rows, strict=True)
        ]

    def _at(self, point: Point) -> SearchEnv:
        env = copy.copy(self._env)
        env.restore(point.state)
        return env
