"""Agents that try to look better than the one they wrap: the test that they do not, and two that do (RULES.md).

Each changes what the inner agent does and lets it see its own actions only. ``padded`` has a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from berrypick.agents.base import Agent, EpisodeView, Metered
from berrypick.agents.baselines.random import words
from berrypick.agents.rollout import Informed
from berrypick.envs.actions import Action, Answer, Invalid, Search
from berrypick.envs.protocols import PROTOCOLS, QUERY_LIMIT
from berrypick.envs.reading.view import View, look
from berrypick.errors import BadInput

#: What is done instead of an action; the second value says whether it comes before that action, which is still due.
Trick = Callable[[View, Action, np.random.Generator], tuple[Action, bool]]

#: Random queries in an episode, at most.
_NOISE: Final = 2
#: Idle searches at the start of an episode.
_DECOYS: Final = 3
#: Names in a shotgun answer, at most.
_NAMES: Final = 30
#: Results that are asked for.
_DEPTHS: Final = (1, 2, 3, 5, 10)
#: Words that no built-in corpus holds.
_FILLERS: Final = ("please", "hello", "okay", "anyway")


class Wrapper:
    """The agent ``inner`` with a trick.

    Args:
        trick: what it does; its function's name is the kind of agent.
        inner: any agent but a ceiling, which plans its turns in advance.

    Raises:
        BadInput: the inner agent is a ceiling.
    """

    def __init__(self, trick: Trick, inner: Agent) -> None:
        if isinstance(inner, Informed):
            raise BadInput(f"{inner.name} plans its turns in advance; play tricks with another agent", field="agent")
        self.inner, self._trick = inner, trick
        self.name = f"{trick.__name__.removeprefix('_')}:{inner.name}"
        #: row -> what was written -> what the inner agent wrote, "" where it wrote nothing
        self._own: dict[int, dict[str, str]] = {}

    def reads(self, corpus: str) -> bool:
        """What the inner agent reads."""
        return self.inner.reads(corpus)

    def cost(self) -> dict[str, float]:
        """What the inner agent spent."""
        return self.inner.cost() if isinstance(self.inner, Metered) else {}

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        texts = self.inner.act([EpisodeView(row.id, self._bare(row)) for row in rows], rngs)
        return [self._play(row, text, rng) for row, text, rng in zip(rows, texts, rngs, strict=True)]

    def _play(self, row: EpisodeView, text: str, rng: np.random.Generator) -> str:
        view = look(row.history)
        action = PROTOCOLS[view.setup.protocol].parse(text)
        played, before = self._trick(view, action, rng)
        if isinstance(played, Answer):
            self._own.pop(row.id, None)
        if played == action or isinstance(played, Invalid):
            return text
        written = view.write(played)
        if isinstance(played, Search):
            self._own.setdefault(row.id, {})[written] = "" if before else text
        return written

    def _bare(self, row: EpisodeView) -> tuple[str, ...]:
        """The history as the inner agent made it."""
        kept, own = [row.history[0]], self._own.get(row.id, {})
        for written, observation in zip(row.history[1::2], row.history[2::2], strict=True):
            if text := own.get(written, written):
                kept += [text, observation]
        return tuple(kept)


def _shotgun(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Answer with every name that was shown."""
    if not isinstance(action, Answer):
        return action, False
    names = dict.fromkeys((action.text, *(passage.title for passage in view.passages)))
    return Answer(" or ".join(list(names)[:_NAMES])[:QUERY_LIMIT]), False


def _noisy(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Before the answer, spend what is left of the budget on random queries, each to a random engine."""
    spare = view.searches_left > 0 and view.turns_left > 1
    own = sum(isinstance(made, Search) and made.topk == 1 for made in view.actions)
    if not isinstance(action, Answer) or not spare or own >= _NOISE:
        return action, False
    engines = view.setup.engines
    return Search(words(view, rng), engines[int(rng.integers(len(engines)))], 1), True


def _decoy(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Search for a filler word thrice before anything else, so that this is what is done most.

    The inner agent does not know of them: where it needs more than is left, the episode ends with a title it saw.
    """
    if view.turns_left == 1 or (isinstance(action, Search) and not view.searches_left):
        shown = view.passages[-1].title if view.passages else _FILLERS[0]
        return action if isinstance(action, Answer) else Answer(shown), False
    if len(view.actions) >= _DECOYS or view.searches_left < 2 or view.turns_left < 2:
        return action, False
    return Search(_FILLERS[len(view.actions)], view.setup.engines[-1], 1), True


def _cosmetic(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Write every query in another way: other order, other case, a filler word."""
    if not isinstance(action, Search) or len(action.query) + max(map(len, _FILLERS)) >= QUERY_LIMIT:
        return action, False
    parts = [*action.query.split(), _FILLERS[int(rng.integers(len(_FILLERS)))]]
    shuffled = " ".join(parts[int(i)] for i in rng.permutation(len(parts)))
    cased = (shuffled, shuffled.upper(), shuffled.lower())[int(rng.integers(3))]
    return Search(cased, action.engine, action.topk), False


def _deep(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Ask for a random number of results: what finds the evidence first varies with what is displayed."""
    if not isinstance(action, Search):
        return action, False
    return Search(action.query, action.engine, int(rng.choice(_DEPTHS))), False


def _wordy(view: View, action: Action, rng: np.random.Generator) -> tuple[Action, bool]:
    """Put the question behind a random half of the queries: ranks change, and with them what finds the evidence."""
    if not isinstance(action, Search) or rng.random() < 0.5:
        return action, False
    return Search(f"{action.query} {view.question}"[:QUERY_LIMIT], action.engine, action.topk), False


def _factory(trick: Trick) -> Callable[[Agent], Wrapper]:
    return lambda inner: Wrapper(trick, inner)


shotgun = _factory(_shotgun)
noisy = _factory(_noisy)
decoy = _factory(_decoy)
cosmetic = _factory(_cosmetic)
deep = _factory(_deep)
wordy = _factory(_wordy)
