"""An agent with padding: the test that padding changes no headline.

It thinks aloud, adds filler words to every query, and before it answers spends what is left of the budget on repeating
queries. What it wraps never sees any of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from berrypick.agents.base import Agent, EpisodeView, Metered
from berrypick.agents.rollout import Informed
from berrypick.envs.actions import Action, Answer, Search
from berrypick.envs.protocols import PROTOCOLS, QUERY_LIMIT
from berrypick.envs.reading.view import View, look
from berrypick.errors import BadInput

#: Words that no built-in corpus holds: one that it held would be a word to search for, not a filler.
FILLER: Final = "please hello okay anyway"
THOUGHT: Final = "<think>Let me see what comes up.</think>\n"
#: Most repeated queries in an episode.
REPEATS: Final = 2


class Padded:
    """The agent ``inner`` with padding.

    Args:
        inner: any agent but a ceiling, which plans its turns in advance.

    Raises:
        BadInput: the inner agent is a ceiling.
    """

    def __init__(self, inner: Agent) -> None:
        if isinstance(inner, Informed):
            raise BadInput(f"{inner.name} plans its turns in advance and cannot be padded; pad another agent")
        self.inner = inner
        self.name = f"padded:{inner.name}"

    def reads(self, corpus: str) -> bool:
        """What the inner agent reads."""
        return self.inner.reads(corpus)

    def cost(self) -> dict[str, float]:
        """What the inner agent spent."""
        return self.inner.cost() if isinstance(self.inner, Metered) else {}

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        views = [look(row.history) for row in rows]
        bare = [EpisodeView(row.id, _bare(row.history, view)) for row, view in zip(rows, views, strict=True)]
        return [_pad(text, view) for text, view in zip(self.inner.act(bare, rngs), views, strict=True)]


def _pad(text: str, view: View) -> str:
    match _parse(text, view):
        case Search(query, engine, topk) if len(query) + len(FILLER) < QUERY_LIMIT:
            return THOUGHT + view.write(Search(f"{query} {FILLER}", engine, topk))
        case Answer() if (again := _repeat(view)) is not None:
            return THOUGHT + view.write(again)
        case _:
            return THOUGHT + text


def _repeat(view: View) -> Search | None:
    """The first query once more, while budget is left that nobody needs."""
    made = [action for action in view.actions if isinstance(action, Search)]
    repeats = len(made) - len(set(made))
    spare = view.searches_left > 0 and view.turns_left > 1
    return made[0] if made and spare and repeats < REPEATS else None


def _bare(history: Sequence[str], view: View) -> tuple[str, ...]:
    """The history as the inner agent made it: fillers and thoughts cut off, repeated queries left out."""
    kept = [history[0]]
    for turn, action in enumerate(view.actions):
        if isinstance(action, Search) and action in view.actions[:turn]:
            continue
        text = history[1 + 2 * turn].removeprefix(THOUGHT)
        if isinstance(action, Search):
            text = view.write(Search(action.query.removesuffix(f" {FILLER}"), action.engine, action.topk))
        kept += [text, history[2 + 2 * turn]]
    return tuple(kept)


def _parse(text: str, view: View) -> Action:
    return PROTOCOLS[view.setup.protocol].parse(text)
