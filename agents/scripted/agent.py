"""Scripted agents: the shared reader, the plan of the question, and one strategy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.scripted.situation import Situation
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.corpora.answerability import plans
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.protocols import make_search
from berrypick.envs.reading import plan, reader
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.reader import Language, Passage
from berrypick.envs.reading.view import View, look

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
        """Corpora whose language the reader knows, and whose names have the form that the script needs."""
        return any(corpus.startswith(language.corpora) and self._speaks(language) for language in reader.languages())

    def understands(self, question: str) -> bool:
        """Whether the script can work on a question at all."""
        understood = reader.understand(question)
        return understood is not None and self._speaks(understood[0])

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        return [view.write(self.decide(view)) for view in (look(row.history) for row in rows)]

    def decide(self, view: View, earlier: Iterable[Passage] = ()) -> Search | Open | Answer:
        """Choose the next action of one episode.

        Args:
            view: the episode so far.
            earlier: what is known besides, from an earlier attempt at the question.
        """
        understood = reader.understand(view.question)
        if understood is None:
            return self._blind(view)
        language, goal = understood
        knowledge = Knowledge(language, plans.names(goal), (*earlier, *view.passages))
        names, unknowns = plan.solve(goal, knowledge)
        if names:
            return Answer(knowledge.forms(names[0]).best or names[0])
        joint = tuple(plans.names(goal)) if isinstance(goal, plans.Both) else ()
        if view.turns_left > 1:
            for group in unknowns:
                at = [Situation(unknown, joint, view, knowledge) for unknown in dict.fromkeys(group)]
                if action := self._next(at):
                    return action
        return Answer(NO_ANSWER)

    def _blind(self, view: View) -> Search | Answer:
        """Without a plan: search the question once, so that the trace shows the attempt, then give up."""
        whole = make_search(view.question, None, None)
        fits = view.searches_left > 0 and view.turns_left > 1 and not view.actions
        return whole if isinstance(whole, Search) and fits else Answer(NO_ANSWER)

    def _speaks(self, language: Language) -> bool:
        return self._script.form in language.forms

    def _actions(self, at: Situation) -> Iterable[Search | Open]:
        """What to try for one unknown, in order."""
        return self._script.ways(at)

    def _next(self, group: Sequence[Situation]) -> Search | Open | None:
        """The first possible action for the unknown of a group that was tried least; None when there is no more."""
        best: tuple[int, Search | Open] | None = None
        for at in group:
            actions = tuple(dict.fromkeys(self._actions(at)))
            spent = sum(action in at.view.actions for action in actions)
            fresh = next((action for action in actions if at.possible(action)), None)
            if fresh is not None and (best is None or spent < best[0]):
                best = spent, fresh
        return best[1] if best else None
