"""SearchEnv: ask a question, let a policy search, open pages and answer."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
from gymnasium.error import ResetNeeded

from berrypick.corpora.engines import Engine
from berrypick.envs import render
from berrypick.envs.observations import OBSERVATION_LIMIT, Setup
from berrypick.envs.perturbations import episode_config
from berrypick.envs.perturbations import faults as faulty
from berrypick.envs.protocols import ACTION_LIMIT
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.scoring.progress import gold_info
from berrypick.envs.scoring.rewards import NEED_ANSWERS, REWARDS
from berrypick.envs.scoring.trace import State, Trace, Turn
from berrypick.envs.simulation import Request, Simulation
from berrypick.envs.spaces import UnicodeText
from berrypick.envs.tasks import Task, Tasks, whole
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.records import Hit
from berrypick.registry import UnknownName


class SearchEnv(gymnasium.Env[str, str]):
    """A question over a corpus; a policy answers it by searching and reading. Text in, text out.

    ``reset`` returns the instructions and the question, ``step`` only what the action brought. An answer terminates
    the episode; ``max_turns`` turns without one truncate it. What is not an action, an unknown engine, a page that may
    not be opened and a search beyond ``search_budget`` cost a turn and get a corrective observation. The reward is
    paid with the last step. ``trace`` holds the episode so far. In an ``AsyncVectorEnv`` pass ``shared_memory=False``.

    ``info``: question_id, family, hops (facts the answer rests on), hops_found (displayed so far), turns, queries (of
    the searches answered so far), doc_ids and scores (of this step), valid, faults (that changed this step's list),
    budget_left {searches, turns}; with ``expose_gold`` also gold {answers, documents}.

    Args:
        corpus: a registered corpus, one added with ``berrypick corpus add``, or a corpus folder.
        worlds: number of worlds to draw from, or their numbers; ignored by corpora of one world.
        split: train, dev or test; None for any, in corpora of one world.
        families: kinds of question to ask, None for all.
        engines: engines that can be searched; the first is the default. ``NAME=ENGINE`` gives an engine another name in
            prompts, actions and moves: ``bm25=http:http://127.0.0.1:8000``.
        topk: documents a search lists unless it says otherwise, 1 to 10.
        max_turns: turns after which the episode is truncated.
        search_budget: searches that are answered.
        protocol: how actions are written, ``tags`` or ``tools``.
        reward: a row of ``envs.rewards.REWARDS``. All but ``evidence`` ask only questions with answers.
        knockouts: what does not work, rows of ``envs.knockouts.KNOCKOUTS``; the policy has to find out.
        faults: how the engines misbehave, rows of ``envs.faults.FAULTS``, applied in this order.
        expose_gold: put answers and gold documents into ``info``; such episodes cannot be submitted.
        render_mode: ``ansi`` (``render`` returns the episode as text) or ``human`` (written as it happens).

    Raises:
        UnknownName: a name that does not exist; the message lists what does.
        BadInput: a number out of range, a knock-out that changes nothing here, or a reward that needs answers over a
            corpus without any.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi", "human"], "render_fps": 1}  # type: ignore[misc]

    def __init__(
        self,
        corpus: str = "almanac-small",
        worlds: int | Sequence[int] = 1,
        split: str | None = "train",
        families: Sequence[str] | None = None,
        engines: Sequence[str] = ("bm25", "dense"),
        topk: int = 3,
        max_turns: int = 10,
        search_budget: int = 6,
        protocol: str = "tags",
        reward: str = "exact_match",
        knockouts: Sequence[str] = (),
        faults: Sequence[str] = (),
        expose_gold: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self._arguments = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        answered = REWARDS[reward] in NEED_ANSWERS
        self.tasks = Tasks(corpus, worlds, split, None if families is None else _names(families), answered=answered)
        if answered and self.tasks.is_loaded_corpus:
            self.tasks.questions(0)  # that of all questions none can be scored is said now, not at an episode's end
        numbers = {"topk": topk, "max_turns": max_turns, "search_budget": search_budget}
        numbers = {name: whole(number, name) for name, number in numbers.items()}
        named = episode_config.named_engines(_names(engines))
        self.setup = Setup(protocol, tuple(named), **numbers)
        self.config = episode_config.make(self.setup, _names(knockouts), _names(faults), named)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UnknownName("render mode", str(render_mode), self.metadata["render_modes"])
        self.render_mode, self.expose_gold = render_mode, expose_gold
        self.observation_space, self.action_space = UnicodeText(OBSERVATION_LIMIT), UnicodeText(ACTION_LIMIT)
        self._reward = REWARDS[reward]
        changed = _names(engines), _names(knockouts), _names(faults)
        self._config = (corpus, self.tasks.numbers, split, self.tasks.families, self.setup, reward, *changed)
        self._seed: int | None = None
        self._episode = 0
        self._slot = 0
        self._simulation: Simulation | None = None
        self._rendered = 0

    @property
    def simulation(self) -> Simulation:
        """The episode as it is played; raises ResetNeeded before the first reset."""
        if self._simulation is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        return self._simulation

    @property
    def trace(self) -> Trace:
        """The episode so far; raises ResetNeeded before the first reset."""
        return self.simulation.trace

    @property
    def engines(self) -> dict[str, Engine]:
        """The engines over the current world by name, without what is knocked out, and without faults."""
        return self.engines_of(self.simulation.world)

    def engines_of(self, world: World) -> dict[str, Engine]:
        """The same over any world of the environment."""
        genres = self.config.changes.genres
        return {name: world.engine_without(self.config.source(name), genres) for name in self.setup.engines}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: starts a sequence of tasks anew; without it the sequence goes on. 0 <= seed < 2**32.
            options: ``{"task_id": int}`` or ``{"question_id": str}`` chooses the task instead of drawing it.

        Raises:
            BadInput: there is no such task or question, or the seed is out of range.
            UnknownName: an option that does not exist.
        """
        if seed is not None and not 0 <= seed < 2**32:
            raise BadInput(f"must be in [0, 2**32), got {seed}", field="seed")
        super().reset(seed=seed)
        if seed is not None:
            self._seed, self._episode = seed, 0
        elif self._seed is None:
            self._seed = int(self.np_random.integers(2**32))
        self._begin(self._choose(options or {}), self._seed, self._episode)
        self._episode += 1
        self._render_new()
        return self.trace.prompt, self._info()

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Play one turn; any string is an action.

        Raises:
            ResetNeeded: the episode is over, or none was started.
            TypeError: the action is no string.
        """
        self._check(action)
        return self.settle(self.simulation.play(action))

    def ask(self, action: str) -> Turn | Request:
        """Play a turn as far as it goes without an engine; ``settle`` ends it. For those who ask engines in batches.

        Raises:
            ResetNeeded: as ``step``.
            TypeError: as ``step``.
        """
        self._check(action)
        return self.simulation.ask(action)

    def settle(
        self, asked: Turn | Request, hits: Sequence[Hit] | None = ()
    ) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """End a turn that ``ask`` began; returns as ``step``.

        Args:
            asked: what ``ask`` returned.
            hits: what the engine found where it is a request, None where the engine failed.
        """
        simulation, trace = self.simulation, self.trace
        turn = asked if isinstance(asked, Turn) else simulation.answer(asked, hits)
        reward = float(self._reward(trace, trace.question)) if simulation.over else 0.0
        trace.reward += reward
        self._render_new()
        return turn.observation, reward, trace.terminated, trace.truncated, self._info()

    def render(self) -> str | None:
        """Return the episode as text in ``ansi`` mode; write what is new of it in ``human`` mode."""
        if self.render_mode == "ansi":
            return render.as_text(self.trace)
        self._render_new()
        return None

    def snapshot(self) -> State:
        """Return the current point; cheap, as turns are shared. ``restore`` goes on from it exactly."""
        trace, seed = self.trace, self._seed
        assert seed is not None, "a reset sets it"
        where = (trace.corpus.fingerprint, seed, self._episode, self._slot, trace.question.id)
        return State(self._config, *where, turns=tuple(trace.turns), reward=trace.reward)

    def restore(self, state: State) -> None:
        """Go back to a point of this environment, or of another one made with the same arguments in any process.

        Raises:
            BadInput: the environment or its corpus is another one.
        """
        if state.config != self._config:
            raise BadInput(f"the snapshot was taken in another environment: {state.config}, this one is {self._config}")
        world = self.tasks.world(state.slot)
        question = world.corpus.question_by_id.get(state.question_id)
        if question is None or world.corpus.fingerprint != state.fingerprint:
            raise BadInput(f"the snapshot was taken over other contents of {world.corpus.path}")
        self._begin(Task(state.slot, world, question), state.seed, state.episode - 1)
        for turn in state.turns:
            self.simulation.record(turn)
        self.trace.reward = state.reward
        self._seed, self._episode = state.seed, state.episode
        self._rendered = len(render.blocks(self.trace))

    def __copy__(self) -> SearchEnv:
        """Return a copy that shares worlds, engines and the episode until either is reset."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Return arguments, point and generator: engines hold files, and another process opens its own."""
        point = None if self._simulation is None else self.snapshot()
        return {"arguments": self._arguments, "point": point, "seed": self._seed, "random": self._np_random}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the environment anew and go back to its point."""
        self.__init__(**state["arguments"])  # type: ignore[misc]
        self._seed, self._np_random = state["seed"], state["random"]
        if state["point"] is not None:
            self.restore(state["point"])

    def outcome(self) -> dict[str, Any]:
        """Return what became of an episode that is over, as numbers and texts for JSON.

        ``reward``, ``em``, ``f1``, ``grounded`` (right, and the evidence of every hop was displayed), ``strategy`` and
        ``moves`` (lists of moves, docs/glossary.md), ``searches``, ``opens``, ``invalid``, ``first_query``, ``answer``.

        Raises:
            ResetNeeded: the episode is not over, or none was started.
        """
        if not self.simulation.over:
            raise ResetNeeded("the episode is not over: step until terminated or truncated")
        found = analyse(self.trace, self.engines)
        names = ("em", "f1", "grounded", "searches", "opens", "invalid", "first_query")
        moves = {"strategy": list(found.strategy), "moves": list(found.raw_moves), "answer": self.trace.answer}
        return {"reward": self.trace.reward, **{name: getattr(found, name) for name in names}, **moves}

    def fork(self) -> SearchEnv:
        """Return a copy at the same point of the same episode; both go on by themselves, over one corpus."""
        state = self.snapshot()
        other = copy.copy(self)
        other.restore(state)
        return other

    def replay(self, task_id: int, actions: Sequence[str], seed: int = 0) -> SearchEnv:
        """Return a copy at the point that some actions lead to.

        Args:
            task_id: the task.
            actions: texts, in order; those behind the end of the episode are an error.
            seed: of the reset, which faults follow from.

        Raises:
            BadInput: there is no such task.
            ResetNeeded: the episode ends before the last action.
        """
        other = copy.copy(self)
        other.reset(seed=seed, options={"task_id": task_id})
        for action in actions:
            other.step(action)
        return other

    def _choose(self, options: dict[str, Any]) -> Task:
        for key in options:
            if key not in ("task_id", "question_id"):
                raise UnknownName("reset option", str(key), ["task_id", "question_id"])
        if len(options) > 1:
            raise BadInput("give task_id or question_id, not both", field="options")
        if "task_id" in options:
            return self.tasks.at(whole(options["task_id"], "task_id"))
        if "question_id" in options:
            if not isinstance(options["question_id"], str):
                raise BadInput(f"must be a string, got {options['question_id']!r}", field="question_id")
            return self.tasks.named(options["question_id"])
        assert self._seed is not None, "reset sets it first"
        return self.tasks.draw(self._seed, self._episode)

    def _check(self, action: object) -> None:
        if self.simulation.over:
            raise ResetNeeded("the episode is over: call reset() for the next one")
        if not isinstance(action, str):
            kind = type(action).__name__
            raise TypeError(f"an action is a string in the {self.setup.protocol} protocol, got {kind}")

    def _begin(self, task: Task, seed: int, episode: int) -> None:
        fault_seed = faulty.key(seed, episode, task.question.id) if self.config.faults else 0
        self._simulation = Simulation(task.world, task.question, self.config, fault_seed)
        self._slot, self._rendered = task.slot, 0

    def _info(self) -> dict[str, Any]:
        info = self.simulation.info()
        return info | {"gold": gold_info(self.trace.question)} if self.expose_gold else info

    def _render_new(self) -> None:
        if self.render_mode == "human":
            parts = render.blocks(self.trace)
            render.show(parts[self._rendered :])
            self._rendered = len(parts)


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several: a lone string is no sequence of letters here."""
    return (value,) if isinstance(value, str) else tuple(value)
