"""Scripted agents: the shared reader, the plan of the question, and one strategy (design 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from berrypick.agents import plan, reader
from berrypick.agents.base import Row
from berrypick.agents.plan import Unknown
from berrypick.agents.reader import Knowledge
from berrypick.agents.strategies import STRATEGIES, Situation
from berrypick.agents.view import View, look
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.worlds import names_title

#: What a script answers when it is stuck.
NO_ANSWER: Final = "unknown"


class Scripted:
    """Searches one way until the plan of the question is solved, then answers; stuck, it says so.

    A pure function of the history: nothing is kept between turns, no randomness is drawn.

    Args:
        script: a key of ``STRATEGIES``.
    """

    def __init__(self, script: str) -> None:
        self.name = f"scripted:{script}"
        self._script = STRATEGIES[script]

    def reads(self, corpus: str) -> bool:
        """Corpora whose language the reader knows, and whose names have the forms that the script needs."""
        return any(
            corpus.startswith(language.corpora) and self._script.form in language.forms
            for language in reader.languages()
        )

    def act(self, rows: Sequence[Row], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        return [view.write(self.decide(view)) for view in (look(row.history) for row in rows)]

    def decide(self, view: View) -> Search | Open | Answer:
        """Choose the next action of one episode."""
        understood = reader.understand(view.question)
        if understood is None:
            whole = Search(view.question)
            return whole if view.searches_left and not view.actions else Answer(NO_ANSWER)
        language, goal = understood
        knowledge = Knowledge(language, plan.names(goal), view.passages)
        names, unknowns = plan.solve(goal, knowledge)
        if names:
            return Answer(knowledge.forms(names[0]).best or names[0])
        return self._look_for(unknowns, view, knowledge) or Answer(NO_ANSWER)

    def _look_for(self, unknowns: Sequence[Unknown], view: View, knowledge: Knowledge) -> Search | Open | None:
        """The first untried action for the unknown that was tried least; None when stuck, or when it is time to answer."""
        if view.turns_left <= 1:
            return None
        tried, best, fewest = frozenset(view.actions), None, len(view.actions) + 1
        for unknown in dict.fromkeys(unknowns):
            at = Situation(unknown, knowledge.forms(unknown.entity), view.question, knowledge, view.setup.engines)
            actions = list(dict.fromkeys(self._script.ways(at)))
            fresh = [action for action in actions if action not in tried and _possible(action, view, knowledge)]
            spent = sum(action in tried for action in actions)
            if fresh and spent < fewest:
                best, fewest = fresh[0], spent
        return best


def _possible(action: Search | Open, view: View, knowledge: Knowledge) -> bool:
    if isinstance(action, Search):
        return view.searches_left > 0
    return action.title in knowledge.titles or names_title(view.question, action.title)
