"""A policy that goes on from any state of an episode: options and completions, many side by side."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import Policy
from berrypick.agents.lm.render import Script
from berrypick.agents.training.text.packing import step_all
from berrypick.agents.treesearch.tree import Point
from berrypick.corpora.engines.base import Engine
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput


class Went(NamedTuple):
    """How an episode went on.

    Attributes:
        trace: of the whole episode.
        points: after each turn that was played, the last of them where it stands now.
        tokens: generated.
    """

    trace: Trace
    points: tuple[Point, ...]
    tokens: int


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
        task = tasks.draw(seed, episode)
        number = tasks.questions(task.slot).index(task.question) * len(tasks.numbers) + task.slot
        env.reset(seed=rollout_seed(seed, 0), options={"task_id": number})
        return env

    def play(
        self, points: Sequence[Point], rngs: Sequence[np.random.Generator], turns: int | None = None
    ) -> list[Went]:
        """Go on from each point, to the end of its episode or for some turns.

        Args:
            points: of episodes that are not over; one may occur several times.
            rngs: a generator for each.
            turns: to play at most, None for all.
        """
        session = Session.of(self._policy)
        envs = [self._at(point) for point in points]
        session.start([point.ids for point in points], [self._script.stop(self._env.setup.protocol)] * len(points))
        rows, live = list(session.rows), list(range(len(points)))
        passed: list[list[Point]] = [[] for _ in points]
        while live and (turns is None or len(passed[live[0]]) < turns):
            actions = session.act([rngs[place] for place in live])
            said = step_all([envs[place] for place in live], [self._script.text(action) for action in actions])
            going = [number for number, observation in enumerate(said) if observation is not None]
            session.keep(going)
            for row, number in zip(session.rows, going, strict=True):
                row.read(self._script.reply(said[number] or "", actions[number]))
            for place in live:
                ids, mask, start = rows[place].ids, rows[place].mask, points[place]
                whole = start.mask + tuple(mask[len(start.mask) :])
                passed[place].append(Point(envs[place].snapshot(), tuple(ids), whole, envs[place].simulation.over))
            live = [live[number] for number in going]
        return [Went(env.trace, tuple(went), sum(row.mask)) for env, went, row in zip(envs, passed, rows, strict=True)]

    def _at(self, point: Point) -> SearchEnv:
        env = copy.copy(self._env)
        env.restore(point.state)
        return env
