"""Agents that play any corpus with answers: no grammar, no training, the question's surface alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.surface import asking, following
from berrypick.agents.surface.following import Missing
from berrypick.agents.surface.scripts import SCRIPTS, WAYS, Way
from berrypick.corpora.answerability.mentions import fold
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.protocols import make_search
from berrypick.envs.reading.view import View, look
from berrypick.envs.worlds import names_title

NO_ANSWER: Final = "unknown"


class Surface:
    """Looks for each page that a question needs in one script's ways, then answers with what it read.

    A pure function of the history: nothing is kept between turns, no randomness is drawn.

    Args:
        script: a key of ``SCRIPTS``.
    """

    def __init__(self, script: str) -> None:
        self.name = f"surface:{script}"
        self._ways = SCRIPTS[script].ways

    def reads(self, corpus: str) -> bool:
        """Every corpus, though the scripts with a grammar know more of those that have one."""
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        return [view.write(self.decide(view)) for view in (look(row.history) for row in rows)]

    def decide(self, view: View) -> Search | Open | Answer:
        """Choose the next action of one episode."""
        asked = asking.read(view.question)
        state = following.solve(asked, view.passages)
        if state.answer:
            return Answer(state.answer)
        if view.turns_left > 1:
            nothing_yet = () if view.passages else (Missing((view.question,), ()),)
            for missing in (*state.missing, *nothing_yet):
                for action in self._actions(missing, view):
                    if possible(action, view):
                        return action
        return Answer(following.best(asked, view.passages) or NO_ANSWER)

    def _actions(self, missing: Missing, view: View) -> Iterator[Search | Open]:
        """What to try for one missing page, in order."""
        for way in self._ways:
            yield from way(missing, view)


class Draws(Surface):
    """The ways of one episode, drawn anew for each missing page; see ``scripted.hop_mixture``.

    Args:
        count: ways for a page.

    Attributes:
        rng: what draws; set before each decision.
    """

    rng: np.random.Generator

    def __init__(self, count: int) -> None:
        super().__init__("two-hop")
        self._count = count
        self._drawn: dict[str, tuple[Way, ...]] = {}

    def _actions(self, missing: Missing, view: View) -> Iterator[Search | Open]:
        name = fold(missing.spellings[0])
        if name not in self._drawn:
            drawn = self.rng.permutation(len(WAYS))[: self._count]
            self._drawn[name] = tuple(WAYS[number] for number in drawn)
        for way in self._drawn[name]:
            yield from way(missing, view)


def possible(action: Search | Open, view: View) -> bool:
    """Whether an action is new, within the budget, works here, and, for a page, is allowed."""
    if action in view.actions:
        return False
    if isinstance(action, Search):
        works = (action.engine or view.setup.engines[0]) not in view.unavailable
        can_be_read = isinstance(make_search(action.query, action.engine, action.topk), Search)
        return works and view.searches_left > 0 and can_be_read
    if "open" in view.unavailable or action.title == view.question:
        return False
    known = {fold(title) for passage in view.passages for title in (passage.title, *passage.links)}
    return fold(action.title) in known or names_title(view.question, action.title)
