"""Agents that try to look better than the agent they wrap; ``ADVERSARIAL`` is their table."""

from __future__ import annotations

from typing import Final, NamedTuple

from berrypick.registry import Table


class Adversarial(NamedTuple):
    """One kind of wrapper.

    Attributes:
        make: from the inner agent to the wrapped one, as "module:function", so that listing imports nothing.
        does_pay: whether it raises a headline, which leaderboard/RULES.md admits; tests show of the others that it
            does not.
    """

    make: str
    does_pay: bool = False


#: kind -> the wrapper
ADVERSARIAL: Final[Table[Adversarial]] = Table("adversarial agent")
ADVERSARIAL.add(
    "padded",
    Adversarial("berrypick.agents.adversarial.padded:Padded"),
    "the agent with fillers, thoughts and repeated queries",
)
for _kind, _does_pay, _help in (
    ("shotgun", False, "the agent, which answers with every name it saw"),
    ("noisy", False, "the agent with random queries before its answer"),
    ("decoy", False, "the agent after idle searches, which it seems to live on"),
    ("cosmetic", False, "the agent with its queries in another order, another case, and with fillers"),
    ("deep", True, "the agent, which asks for a random number of results"),
    ("wordy", True, "the agent with the question behind every other query"),
):
    ADVERSARIAL.add(_kind, Adversarial(f"berrypick.agents.adversarial.wrappers:{_kind}", _does_pay), _help)

__all__ = ["ADVERSARIAL", "Adversarial"]
