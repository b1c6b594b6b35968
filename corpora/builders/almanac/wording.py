"""The public words of Almanac behind the ``Wording`` protocol, and the same questions in held-out paraphrases."""

from __future__ import annotations

import zlib
from typing import Final

from berrypick.corpora.answerability.plans import Both, Name, Node, Step, Winner
from berrypick.corpora.builders.almanac.grammar import parse_question
from berrypick.corpora.builders.almanac.lexicon import (
    ALIAS,
    ALIAS_ASKS,
    BOTH_FRAMES,
    FRAMES,
    HELD_OUT,
    ORDERS,
    REGISTER,
    RELATIONS,
    train_wordings,
)


class AlmanacWording:
    """The public words of Almanac, for the audit's panel and for anyone who searches (``corpora.wording``)."""

    def phrases(self, relation: str) -> tuple[str, ...]:
        """The train paraphrases without names."""
        if relation == ALIAS:
            return tuple(ask.format(x="").strip() for ask in train_wordings(ALIAS_ASKS))
        return tuple(state.format(s="", o="").strip(" .") for state in train_wordings(RELATIONS[relation].states))

    def noun(self, relation: str) -> str:
        """What questions call the object of a relation, most simply."""
        return "" if relation == ALIAS else RELATIONS[relation].asks[1].format(x="").strip()

    def titles(self, relation: str, name: str) -> tuple[tuple[str, str], ...]:
        """The roster of ``name`` (a full name), or the byname register that lists it (any name)."""
        if relation == ALIAS:
            return (("register", self.lookup(name)),)
        return () if name.startswith("the ") else (("roster", RELATIONS[relation].roster.format(o=name)),)

    def lookup(self, name: str) -> str:
        """The title of the byname registers, with the name."""
        return f"{REGISTER.removesuffix(' ({n})')} {name}"

    def held_out(self, question: str) -> str | None:
        """The same question in paraphrases of the lexicon that the ordinary splits never use."""
        plan = parse_question(question)
        return None if plan is None else _Rewriter(zlib.crc32(question.encode())).question(plan)


class _Rewriter:
    """Writes a plan down in held-out wordings, chosen by a number: the same question always reads the same.

    Args:
        number: of the question.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def question(self, plan: Node) -> str:
        if isinstance(plan, Both):
            return self._word(BOTH_FRAMES).format(a=self._phrase(plan.one), b=self._phrase(plan.other))
        return self._word(FRAMES).format(np=self._phrase(plan))

    def _phrase(self, node: Node) -> str:
        match node:
            case Name(text):
                return self._word(ALIAS_ASKS).format(x=text) if text.startswith("the ") else text
            case Step(relation, inverse, of):
                row = RELATIONS[relation]
                return self._word(row.asks_inverse if inverse else row.asks).format(x=self._phrase(of))
            case Winner(_, most, one, other):
                return self._word(ORDERS["later" if most else "earlier"]).format(a=one.text, b=other.text)
            case Both():
                raise ValueError("an intersection stands at the top of a plan")

    def _word(self, wordings: tuple[str, ...]) -> str:
        self._number, choice = divmod(self._number, HELD_OUT)
        return wordings[-HELD_OUT:][choice]


WORDING: Final = AlmanacWording()
