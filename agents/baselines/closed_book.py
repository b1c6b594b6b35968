"""The floor without searching: the commonest train answer to questions that ask for the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from berrypick import corpora
from berrypick.agents.base import EpisodeView
from berrypick.agents.surface import asking, following
from berrypick.corpora.answerability.plans import Both, Node, Step
from berrypick.envs.actions import Answer
from berrypick.envs.reading import reader
from berrypick.envs.reading.reader import Language
from berrypick.envs.reading.view import look

_Asked = tuple[str, bool]
_ANY: Final[_Asked] = ("", False)


class ClosedBook:
    """Answers at once with what was most often right in training for the same outermost relation.

    Where no grammar reads the question, the answer follows from its expected type alone (``agents.surface``).
    """

    name = "closed_book"

    def reads(self, corpus: str) -> bool:
        """Every corpus: it opens none."""
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one answer per row."""
        views = [look(row.history) for row in rows]
        return [view.write(Answer(self.answer(view.question))) for view in views]

    def answer(self, question: str) -> str:
        """The commonest answer, the first in the alphabet among equals; over all train questions if none is alike."""
        understood = reader.understand(question)
        if understood is None:
            return following.guess(asking.read(question))
        counts = _learned(understood[0])
        alike = counts.get(_asked(understood[1])) or counts[_ANY]
        return min(alike, key=lambda answer: (-alike[answer], answer))


@lru_cache(maxsize=8)
def _learned(language: Language) -> dict[_Asked, Counter[str]]:
    counts: dict[_Asked, Counter[str]] = {_ANY: Counter()}
    for question in corpora.load(*language.train).questions:
        understood = reader.understand(question.text) if question.split == "train" else None
        if understood is not None and question.answers:
            for asked in (_ANY, _asked(understood[1])):
                counts.setdefault(asked, Counter())[question.answers[0]] += 1
    return counts


def _asked(plan: Node) -> _Asked:
    """What kind of thing a question asks for: its outermost relation and direction."""
    match plan:
        case Step(relation=relation, inverse=inverse):
            return relation, inverse
        case Both(one=one):
            return _asked(one)
        case _:
            return _ANY
