"""Tracks: which learner plays which environments, and the policy that a run starts from unless it names one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final, NamedTuple, cast

from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import Learner
from berrypick.envs.specs import ENVS
from berrypick.errors import BadInput
from berrypick.registry import Table, resolve


class Track(NamedTuple):
    """One kind of environment that can be trained in.

    Attributes:
        make: configuration -> the learner of a run, as "module:function", so that listing tracks loads no torch.
        start: the policy that a run starts from unless it names one.
        agent: kind of the agents that play its policies, as ``agents.make`` reads it.
        is_text: whether episodes are text, which annotators and augmentations read.
    """

    make: str
    start: str
    agent: str
    is_text: bool


#: name of a track, as ``envs.specs.Spec`` has it -> the track
TRACKS: Final[Table[Track]] = Table("track")
TRACKS.add(
    "text",
    Track("berrypick.agents.training.text.learner:make", "tiny-diverse", "lm", is_text=True),
    "language models that write actions",
)
TRACKS.add(
    "discrete",
    Track("berrypick.agents.training.discrete.learner:make", "discrete-diverse", "discrete", is_text=False),
    "networks that choose among numbered actions",
)


def track_of(env: str) -> Track:
    """Return the track of an environment; raises UnknownName where there is no such environment."""
    return TRACKS[ENVS[env].track]


def make_learner(config: Config) -> Learner:
    """Make the learner of a run, with the weights of its start.

    Raises:
        BadInput: there is no such start, or the environment takes no such option.
    """
    _check_options(config)
    make = cast(Callable[[Config], Learner], resolve(track_of(config.env).make))
    return make(config)


def _check_options(config: Config) -> None:
    entry_point = cast(Callable[..., object], resolve(ENVS[config.env].entry_point))
    parameters = inspect.signature(entry_point).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in config.options:
        if name not in parameters:
            near = get_close_matches(name, parameters, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(parameters)}"
            raise BadInput(f"{config.env} takes no option {name!r}; {hint}", field="option")
