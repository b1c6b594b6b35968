"""AlmanacDiscrete: SearchEnv behind numbers, for any library of reinforcement learning."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Final, SupportsIndex, TypeAlias

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box, Discrete

from berrypick.corpora.engines import Engine
from berrypick.envs.discrete.choices import CHOICES
from berrypick.envs.discrete.codec import Codec, Mask
from berrypick.envs.discrete.features import NAMES, Observation, observe
from berrypick.envs.observations import Setup
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.reading.view import look, passages, refusal
from berrypick.envs.scoring.trace import State, Trace
from berrypick.envs.search import SearchEnv
from berrypick.envs.simulation import Simulation
from berrypick.envs.tasks import Tasks, whole
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

#: What ``info`` can hold.
INFOS: Final = ("full", "mask")

Step: TypeAlias = tuple[Observation, float, bool, bool, dict[str, Any]]


class AlmanacDiscrete(gymnasium.Env[Observation, np.int64]):
    """The questions of an Almanac world, asked and answered in numbers: a ``Box`` observed, a ``Discrete`` action.

    Each action (``choices.CHOICES``: a tool, the slot of an entity, a form of query) is written as text and played by
    a ``SearchEnv``, so that traces, rewards, moves and metrics are those of the text track. Observations hold what
    can be read off the displayed text (``features.NAMES``), each number in [0, 1]; which entity a slot holds changes
    from turn to turn, the nearest to the plan's goal first. Illegal actions are turns without an action.

    ``info``: that of ``SearchEnv``, and ``action_mask``, bool of shape (actions,), which ``action_masks()`` returns
    too. ``trace``, ``simulation``, ``tasks``, ``engines``, ``setup``, ``snapshot``, ``restore`` and ``render`` are
    those of the ``SearchEnv``, which ``inner`` holds. With ``info="mask"`` it holds ``action_mask`` alone: collectors
    that stack infos (Tianshou's, TorchRL's) take numbers of one shape, no texts and no lists of changing length.

    RLlib has a registry of its own: ``ray.tune.register_env("almanac", lambda config:
    gymnasium.make("berrypick:berrypick/AlmanacDiscrete-v0", **config))``, then
    ``PPOConfig().environment("almanac", env_config={"worlds": 8})``.

    Args:
        render_mode: as in ``SearchEnv``.
        info: ``full`` or ``mask``.
        arguments: the other ones of ``SearchEnv``.

    Raises:
        UnknownName, BadInput: as ``SearchEnv``; also for another ``info``.
        TypeError: no such render mode.
    """

    metadata: ClassVar[dict[str, Any]] = SearchEnv.metadata  # type: ignore[misc]

    def __init__(self, render_mode: str | None = None, info: str = "full", **arguments: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            # Stable-Baselines3 asks every environment for pictures first and takes a TypeError, nothing else, for a no.
            raise TypeError(f"no render mode {render_mode!r} here; known: {', '.join(self.metadata['render_modes'])}")
        if info not in INFOS:
            raise UnknownName("info", info, list(INFOS))
        self.info = info
        self.inner = SearchEnv(render_mode=render_mode, **arguments)
        self.render_mode = render_mode
        self.observation_space = Box(0.0, 1.0, (len(NAMES),), np.float32)
        self.action_space = Discrete(len(CHOICES))
        self._protocol = PROTOCOLS[self.setup.protocol]
        self._codec: Codec | None = None

    @property
    def codec(self) -> Codec:
        """The episode as numbers; raises ResetNeeded before the first reset."""
        if self._codec is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        return self._codec

    @property
    def simulation(self) -> Simulation:
        """See ``SearchEnv``."""
        return self.inner.simulation

    @property
    def trace(self) -> Trace:
        """See ``SearchEnv``."""
        return self.inner.trace

    @property
    def tasks(self) -> Tasks:
        """See ``SearchEnv``."""
        return self.inner.tasks

    @property
    def engines(self) -> dict[str, Engine]:
        """See ``SearchEnv``."""
        return self.inner.engines

    @property
    def setup(self) -> Setup:
        """See ``SearchEnv``."""
        return self.inner.setup

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; see ``SearchEnv.reset``.

        Raises:
            BadInput: the question is not in Almanac's language, or as ``SearchEnv.reset``.
        """
        super().reset(seed=seed)
        _, info = self.inner.reset(seed=seed, options=options)
        self._read()
        return observe(self.codec), self._told(info)

    def step(self, action: SupportsIndex) -> Step:
        """Play one turn.

        Raises:
            ResetNeeded: the episode is over, or none was started.
            BadInput: there is no action of this number.
        """
        codec = self.codec
        _, reward, terminated, truncated, info = self.inner.step(self.write(action))
        turn = self.trace.turns[-1]
        codec.see(turn.action, passages(turn.observation), refusal(turn.observation))
        return observe(codec), reward, terminated, truncated, self._told(info)

    def _told(self, info: dict[str, Any]) -> dict[str, Any]:
        return (info if self.info == "full" else {}) | {"action_mask": self.action_masks()}

    def write(self, action: SupportsIndex) -> str:
        """Return the text that an action is played as; that of an illegal one parses to no action."""
        number = whole(action, "action")
        if not 0 <= number < len(CHOICES):
            raise BadInput(f"an action is a number from 0 to {len(CHOICES) - 1}, got {number}", field="action")
        legal = self.codec.action(number)
        if legal is None:
            tool, slot, form = CHOICES[number]
            return f"illegal: {' '.join(filter(None, (tool, form)))}" + ("" if slot is None else f", slot {slot}")
        return self._protocol.write(legal)

    def action_masks(self) -> Mask:
        """Return which actions are legal now, as sb3-contrib's MaskablePPO asks for it. Shape (actions,)."""
        return self.codec.mask()

    def render(self) -> str | None:
        """See ``SearchEnv``."""
        return self.inner.render()

    def snapshot(self) -> State:
        """See ``SearchEnv``."""
        return self.inner.snapshot()

    def restore(self, state: State) -> None:
        """See ``SearchEnv``."""
        self.inner.restore(state)
        self._read()

    def _read(self) -> None:
        """Read the episode from its text."""
        trace = self.trace
        history = [trace.prompt]
        for turn in trace.turns:
            history += [turn.raw, turn.observation]
        self._codec = Codec.of(look(history))
        if not self._codec.opening.goal:
            raise BadInput(
                f"question {trace.question.id!r} is not in Almanac's language, which the discrete track reads; "
                "use berrypick/Search-v0",
                field="corpus",
            )


def _signature() -> inspect.Signature:
    taken, info = (
        inspect.signature(SearchEnv),
        inspect.Parameter("info", inspect.Parameter.KEYWORD_ONLY, default="full"),
    )
    return taken.replace(parameters=[*taken.parameters.values(), info])


#: Its arguments are those of ``SearchEnv`` and ``info``, which ``help`` and checks of options read here.
AlmanacDiscrete.__signature__ = _signature()  # type: ignore[attr-defined]
