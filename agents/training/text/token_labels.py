"""What is said of each token that an episode of the text track generated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from berrypick.agents.training.text.planning import spoken
from berrypick.agents.training.text.token_types import label
from berrypick.envs.scoring.trace import Trace


class Labels(NamedTuple):
    """Labels of the tokens that an episode generated: their type, and whether they are planning."""

    kind: list[int]
    planning: list[int]


def label_all(
    traces: Sequence[Trace],
    starts: Sequence[Sequence[Sequence[int]]],
    protocol: str,
) -> list[Labels]:
    """Label the tokens of episodes.

    Args:
        traces: finished episodes.
        starts: for each, for each turn, where in the action each token begins; see ``kinds.label``.
        protocol: that actions are written in.
    """
    found = []
    for trace, of_turns in zip(traces, starts, strict=True):
        labels = Labels([], [])
        for turn, of_turn in zip(spoken(trace, protocol), of_turns, strict=True):
            labels.kind.extend(label(turn.text, of_turn, protocol))
            labels.planning.extend(turn.at_tokens(turn.planning(), of_turn))
        found.append(labels)
    return found
