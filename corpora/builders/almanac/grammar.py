"""Reading Almanac's language back: questions into plans, sentences into facts. Public; knows no gold.

The generator and this reader share the lexicon and nothing else; a test parses every generated question and sentence
back to what it was made from.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from berrypick.corpora.answerability.plans import Both, Name, Node, Stated, Step, Winner
from berrypick.corpora.builders.almanac.lexicon import (
    ALIAS,
    ALIAS_ASKS,
    BOTH_FRAMES,
    COMPARE,
    FRAMES,
    ORDERS,
    REGISTER_ENTRY,
    RELATIONS,
)

_WORD: Final = r"[A-Z][\w'-]*\.?"
_NAME: Final = rf"(?:[Tt]he )?{_WORD}(?: {_WORD})*(?: of {_WORD})?|\d{{4}}"


@cache
def _noun_phrases() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    rows = []
    for row in RELATIONS.values():
        for inverse, asks in ((False, row.asks), (True, row.asks_inverse)):
            rows += [(_pattern(ask, x=".+"), row.name, inverse) for ask in asks]
    return tuple(rows)


@cache
def _states() -> tuple[tuple[re.Pattern[str], str], ...]:
    name = _NAME
    return tuple(
        (_pattern(_capital(state), s=name, o=name), row.name) for row in RELATIONS.values() for state in row.states
    )


def parse_question(text: str) -> Node | None:
    """Parse a question into its plan, or return None where it is not of this language."""
    for frame in BOTH_FRAMES:
        if match := _pattern(frame, a=".+?", b=".+").fullmatch(text):
            one, other = _phrase(match["a"], ""), _phrase(match["b"], "")
            if isinstance(one, Step) and isinstance(other, Step):
                return Both(one, other)
    for frame in FRAMES:
        if (match := _pattern(frame, np=".+").fullmatch(text)) and (node := _phrase(match["np"], "")):
            return node
    return None


def _phrase(text: str, kind: str) -> Node | None:
    """Parse a noun phrase; ``kind`` is what it names, as the relation asked of it tells, "" where none is."""
    for ask in ALIAS_ASKS:
        if (match := _pattern(ask, x=_NAME).fullmatch(text)) is not None:
            return Name(match["x"])
    for order, wordings in ORDERS.items():
        for wording in wordings:
            match = _pattern(wording, a=_NAME, b=_NAME).fullmatch(text)
            if match and kind in COMPARE:
                return Winner(COMPARE[kind], order == "later", Name(match["a"]), Name(match["b"]))
    for pattern, relation, inverse in _noun_phrases():
        row = RELATIONS[relation]
        asked = row.object if inverse else row.subject
        if (match := pattern.fullmatch(text)) and (inner := _phrase(match["x"], asked)):
            return Step(relation, inverse, inner)
    return Name(text) if re.fullmatch(_NAME, text) else None


def read_sentence(sentence: str) -> list[Stated]:
    """Every fact that a sentence of a profile, chronicle or register states, with the names as written there.

    Bynames come back with a small "the". A profile calls its subject by its first word: the caller knows the page.
    """
    if match := _pattern(REGISTER_ENTRY, byname=r"[Tt]he [\w' -]+", full=_NAME).fullmatch(sentence):
        return [Stated(_small(match["byname"]), ALIAS, match["full"])]
    found = ((pattern.fullmatch(sentence), relation) for pattern, relation in _states())
    return [Stated(_small(match["s"]), relation, _small(match["o"])) for match, relation in found if match]


def read_roster(title: str, sentence: str) -> list[Stated]:
    """The facts that one entry of a roster states; one title may stand for one relation only."""
    for row in RELATIONS.values():
        if match := _pattern(row.roster + " ({n})", o=_NAME, n=r"\d+").fullmatch(title):
            return [Stated(sentence.removesuffix("."), row.name, match["o"])]
    return []


def initial_form(full: str) -> str:
    """Shorten a full name as rosters do: Tessa Thornwell becomes T. Thornwell."""
    first, _, rest = full.partition(" ")
    return f"{first[:1]}. {rest}"


@cache
def _pattern(template: str, **groups: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    text = "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>{groups[part]})" for i, part in enumerate(parts))
    return re.compile(text)


def _capital(text: str) -> str:
    return text if text.startswith("{") else text[0].upper() + text[1:]


def _small(name: str) -> str:
    return "the " + name[4:] if name.startswith("The ") else name
