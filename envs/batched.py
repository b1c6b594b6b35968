"""Many environments in one process, stepped together: one call of each engine per step, over one read-only index."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from berrypick.corpora.engines import Engine
from berrypick.corpora.engines.base import searched
from berrypick.envs.infos import Infos
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.envs.search import SearchEnv
from berrypick.envs.simulation import Request
from berrypick.envs.tasks import whole
from berrypick.errors import BadInput
from berrypick.records import Hit

Flags = npt.NDArray[np.bool_]
Batch = tuple[tuple[str, ...], npt.NDArray[np.float64], Flags, Flags, dict[str, Any]]


class BatchedSearchEnv(VectorEnv[tuple[str, ...], Sequence[str], npt.NDArray[Any]]):
    """``num_envs`` SearchEnvs that put their searches to the engines together; what each sees is what it sees alone.

    Made by ``gymnasium.make_vec(id, num_envs)``. Observations are tuples of strings, infos are those of
    ``SyncVectorEnv``. Thousands share one copy of corpora and indexes. Seeds follow Gymnasium: ``reset(seed=s)`` gives
    ``s + i`` to environment ``i``. Options are each environment's, with ``reset_mask`` (bool, shape (num_envs,)) for
    those to reset alone.

    Args:
        num_envs: number of environments.
        autoreset_mode: when an ended episode gives way to the next: see ``gymnasium.vector.AutoresetMode``. Loops that
            sample from a language model waste least with ``SAME_STEP`` or with ``DISABLED`` and ``reset_mask``.
        arguments: of ``SearchEnv``, all but ``render_mode="human"``.
    """

    metadata: ClassVar[dict[str, Any]] = {**SearchEnv.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # type: ignore[misc]

    def __init__(
        self, num_envs: int = 1, autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP, **arguments: Any
    ) -> None:
        if (num_envs := whole(num_envs, "num_envs")) < 1:
            raise BadInput(f"must be at least 1, got {num_envs}", field="num_envs")
        if arguments.get("render_mode") == "human":
            raise BadInput("'human' would mix the episodes of all environments; use 'ansi'", field="render_mode")
        first = SearchEnv(**arguments)
        #: The environments. They share everything that does not change.
        self.envs = [first, *(copy.copy(first) for _ in range(num_envs - 1))]
        self.num_envs, self.render_mode = num_envs, first.render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}  # type: ignore[misc]
        self.single_observation_space, self.single_action_space = first.observation_space, first.action_space
        self.observation_space = batch_space(first.observation_space, num_envs)
        self.action_space = batch_space(first.action_space, num_envs)
        self._observations = [""] * num_envs

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The episodes so far; raises ResetNeeded before the first reset."""
        return tuple(env.trace for env in self.envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Start episodes: in all environments, or in those of ``options["reset_mask"]``.

        Raises:
            ValueError: the seeds are not as many as the environments, or the mask is none.
            BadInput: as ``SearchEnv.reset``.
            UnknownName: as ``SearchEnv.reset``.
        """
        seeds = self._seeds(seed)
        options = dict(options or {})
        everybody = np.ones(self.num_envs, dtype=np.bool_)
        chosen = _mask(options.pop("reset_mask", everybody), self.num_envs)
        infos = Infos(self.num_envs)
        for i in np.flatnonzero(chosen).tolist():
            self._observations[i], info = self.envs[i].reset(seed=seeds[i], options=options)
            infos.add(i, info)
        return tuple(self._observations), infos.merged()

    def step(self, actions: Sequence[str]) -> Batch:
        """Play one turn in every environment. An engine that raises leaves the step half taken: reset before going on.

        Returns:
            Observations (a tuple of strings), rewards (float64), terminations and truncations (bool), each of shape
            (num_envs,), and infos.

        Raises:
            ValueError: the actions are not a sequence as long as there are environments.
            ResetNeeded: in mode ``DISABLED``, an episode is over and was not reset.
            TypeError: an action is no string.
        """
        begins = self._check(actions)
        rewards, infos = np.zeros(self.num_envs), Infos(self.num_envs)
        terminated, truncated = np.zeros_like(begins), np.zeros_like(begins)
        playing = np.flatnonzero(~begins).tolist()
        asked = [self.envs[i].ask(actions[i]) for i in playing]
        for i, turn, hits in zip(playing, asked, search_together(asked), strict=True):
            self._observations[i], rewards[i], terminated[i], truncated[i], info = self.envs[i].settle(turn, hits)
            if self.autoreset_mode is AutoresetMode.SAME_STEP and (terminated[i] or truncated[i]):
                infos.end(i, self._observations[i], info)
                self._observations[i], info = self.envs[i].reset()
            infos.add(i, info)
        for i in np.flatnonzero(begins).tolist():
            self._observations[i], info = self.envs[i].reset()
            infos.add(i, info)
        return tuple(self._observations), rewards, terminated, truncated, infos.merged()

    def render(self) -> tuple[Any, ...] | None:
        """Each episode as text in ``ansi`` mode, None without a mode."""
        return tuple(env.render() for env in self.envs) if self.render_mode else None

    def _check(self, actions: Sequence[str]) -> Flags:
        """Refuse a step before any environment has taken it; returns which episodes are over."""
        if isinstance(actions, str) or len(actions) != self.num_envs:
            raise ValueError(f"expected {self.num_envs} actions in a sequence, got {actions!r:.60}")
        if strange := [type(action).__name__ for action in actions if not isinstance(action, str)]:
            raise TypeError(f"actions are strings, got {strange[0]}")
        over = np.array([env.simulation.over for env in self.envs])
        if self.autoreset_mode is AutoresetMode.DISABLED and over.any():
            places = np.flatnonzero(over).tolist()
            raise ResetNeeded(f"the episodes of {places} are over: reset(options={{'reset_mask': ...}}) first")
        return over

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None or isinstance(seed, int | np.integer):
            return [None if seed is None else int(seed) + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"expected {self.num_envs} seeds, got {len(seed)}")
        return [None if one is None else int(one) for one in seed]


def search_together(asked: Sequence[Turn | Request]) -> list[list[Hit] | None]:
    """Answer the requests among begun turns, one call for each engine and depth; nothing for the others.

    A list is None where the engine failed.

    Delays of faults pass side by side, as they would with engines of their own.
    """
    found: list[list[Hit] | None] = [[] for _ in asked]
    groups: dict[tuple[int, int], tuple[Engine, list[int]]] = {}
    for place, turn in enumerate(asked):
        if isinstance(turn, Request):
            groups.setdefault((id(turn.engine), turn.k), (turn.engine, []))[1].append(place)
    for (_, k), (engine, places) in groups.items():
        queries = [turn.action.query for place in places if isinstance(turn := asked[place], Request)]
        for place, hits in zip(places, searched(engine, queries, k), strict=True):
            found[place] = hits
    if seconds := max((turn.seconds for turn in asked if isinstance(turn, Request)), default=0.0):
        time.sleep(seconds)
    return found


def step_together(envs: Sequence[SearchEnv], actions: Sequence[str]) -> list[str | None]:
    """Play one turn in each environment, their searches together.

    Returns:
        The observation of each environment, None where the episode is over.
    """
    asked = [env.ask(action) for env, action in zip(envs, actions, strict=True)]
    observations: list[str | None] = []
    for env, turn, hits in zip(envs, asked, search_together(asked), strict=True):
        observation, _, terminated, truncated, _ = env.settle(turn, hits)
        observations.append(None if terminated or truncated else observation)
    return observations


def _mask(mask: Any, count: int) -> Flags:
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (count,) or not mask.any():
        raise ValueError(f"reset_mask must be a bool array of shape ({count},) with at least one True, got {mask!r}")
    return mask
