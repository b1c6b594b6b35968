"""Critics of finished episodes: what went wrong, in words; ``CRITICS`` is their table, ``make`` reads their names.

For training only: a critic may read the gold plan, and no agent that is scored gets its words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from berrypick.agents.critics.base import Attempt, Critic
from berrypick.registry import Table, resolve, with_argument, without_argument


def _plain(name: str, path: str, argument: str) -> Critic:
    """Make a critic that takes no argument; what it needs is imported now."""
    critic: Critic = resolve(f"berrypick.agents.critics.{path}")  # type: ignore[assignment]
    return without_argument(name, critic, "critic")(argument)


#: kind -> a function from what stands after the colon, "" for nothing, to the critic
CRITICS: Final[Table[Callable[[str], Critic]]] = Table("critic")
for _name, _path, _help in (
    ("indicative", "templates:indicative", "whether the answer is right, and no more"),
    ("with_answer", "templates:with_answer", "the same, and the right answer (training only)"),
    ("steps", "steps:steps", "turn by turn what it found, what was never found, and whether the answer is right"),
    ("empty", "steps:empty", "control: nothing"),
    ("noise", "steps:noise", "control: as many words as steps says, drawn from what it says of another question"),
):
    CRITICS.add(_name, partial(_plain, _name, _path), _help)
_SETTINGS: Final = "settings prompt=<file or with_answer>, tries=<number> (4) behind a ?"
CRITICS.add(
    "lm",
    "berrypick.agents.critics.judge:local",
    f"lm:<folder, .gguf file or hub name>: a transformers judge; {_SETTINGS}",
)
CRITICS.add(
    "chat",
    "berrypick.agents.critics.judge:chat",
    f"chat:<base_url>:<model>: a judge behind an endpoint; {_SETTINGS}, and those of the agent chat",
)


def make(name: str) -> Critic:
    """Make a critic from its name.

    Raises:
        UnknownName: no such critic; the message lists near matches.
        BadInput: an argument where none is taken, or one that is malformed.
        MissingExtra: the extra that a judge model needs is not installed.
    """
    return with_argument(CRITICS, name, "critic")


__all__ = ["CRITICS", "Attempt", "Critic", "make"]
