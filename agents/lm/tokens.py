"""What a row of the rollout engine keeps of its episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: Tokens of an action so far -> whether it is complete.
Stop = Callable[[Sequence[int]], bool]


@dataclass
class RowTokens:
    """One row's tokens so far.

    Attributes:
        stop: says when an action is complete.
        ids: all tokens, fed and generated.
        mask: those that were generated.
        old_logprobs: log-probability of each when it was sampled, 0.0 for what was fed.
        entropy: exact entropy, in nats, of what it was sampled from, 0.0 for what was fed.
        turns: number of the action that a token belongs to, or that it comes before.
        turn: number of the next action.
        full: an action found no room, or not enough.
    """

    stop: Stop
    ids: list[int] = field(default_factory=list)
    mask: list[bool] = field(default_factory=list)
    old_logprobs: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    turn: int = 0
    full: bool = False

    def read(self, ids: Sequence[int]) -> None:
        """Append what the environment says."""
        self.ids += ids
        self.mask += [False] * len(ids)
        self.old_logprobs += [0.0] * len(ids)
        self.entropy += [0.0] * len(ids)
        self.turns += [self.turn] * len(ids)

    def write(self, token: int, old: float, entropy: float) -> None:
        """Append what was sampled."""
        self.ids.append(token)
        self.mask.append(True)
        self.old_logprobs.append(old)
        self.entropy.append(entropy)
        self.turns.append(self.turn)
