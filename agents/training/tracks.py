"""Which learner plays which environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from berrypick.agents.training.config import Config
from berrypick.agents.training.learner import Learner
from berrypick.envs.specs import ENVS
from berrypick.errors import BadInput
from berrypick.registry import Table

#: entry point of an environment -> its track
_TRACKS: Final = {"berrypick.envs.search:SearchEnv": "text", "berrypick.envs.discrete.env:AlmanacDiscrete": "discrete"}

#: track -> a function that makes the learner of a run
LEARNERS: Table[Callable[[Config], Learner]] = Table("track")
LEARNERS.add("text", "berrypick.agents.training.text.learner:make", "language models that write actions")
LEARNERS.add(
    "discrete", "berrypick.agents.training.discrete.learner:make", "networks that choose among numbered actions"
)

#: track -> the start that a run has unless it names one
DEFAULT_START: Final = {"text": "tiny-diverse", "discrete": "discrete-diverse"}


def track(env: str) -> str:
    """The track of an environment; raises UnknownName where there is no such environment."""
    return _TRACKS[ENVS[env].entry_point]


def make_learner(config: Config) -> Learner:
    """Make the learner of a run, with the weights of its start.

    Raises:
        BadInput: there is no such start, or the environment takes no such option.
    """
    make = LEARNERS[track(config.env)]
    try:
        return make(config)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise BadInput(f"{config.env}: {error}", field="option") from error
