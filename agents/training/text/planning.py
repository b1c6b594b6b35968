"""Which tokens of an episode are planning: where to go, as against the names that are copied (HICRA).

Tags, engines, what JSON needs, thoughts and the words of a relation are planning; names, titles that are opened and
answers are not. A word is part of a name as ``envs.scoring.query_forms`` has it: what a strategy tells apart
is told apart here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from typing import Final, NamedTuple

from berrypick.agents.training.text.token_types import QUERY, THINK, TOOL, at_tokens, characters
from berrypick.envs.actions import Open
from berrypick.envs.scoring.moves import Context
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.trace import Trace
from berrypick.text import tokens

_WORD: Final = re.compile(r"\w+(?:['\u2019]s\b)?")


class Word(NamedTuple):
    """A word of a thought or a query.

    Attributes:
        text: in lower case.
        start: where it begins in the action.
        end: where the next one begins, or what it stands in ends.
        name: it belongs to a name.
    """

    text: str
    start: int
    end: int
    name: bool


#: Words of one thought or query, in order.
Phrase = Sequence[Word]


class Spoken(NamedTuple):
    """A turn as it was written.

    Attributes:
        text: the action.
        marks: ``kinds.characters``.
        phrases: its thoughts and queries.
    """

    text: str
    marks: list[int]
    phrases: list[Phrase]

    def at_tokens(self, marks: Sequence[int], starts: Sequence[int]) -> list[int]:
        """What characters are marked with where tokens begin."""
        return at_tokens(marks, self.text, starts)

    def marked(self, words: Sequence[Word]) -> list[int]:
        """Mark characters: 1 within some words, 0 elsewhere."""
        marks = [0] * (len(self.text) + 1)
        for word in words:
            marks[word.start : word.end] = [1] * (word.end - word.start)
        return marks

    def planning(self) -> list[int]:
        """Mark characters: 1 where they are planning."""
        names = self.marked([word for phrase in self.phrases for word in phrase if word.name])
        return [int(kind in (THINK, TOOL, QUERY) and not name) for kind, name in zip(self.marks, names, strict=True)]


def spoken(trace: Trace, protocol: str) -> Iterator[Spoken]:
    """Read the turns of an episode, each with the names that had been displayed by then."""
    context = Context(lexicon(trace.corpus), trace.question.text)
    for turn in trace.turns:
        marks = characters(turn.raw, protocol)
        spans = _spans(marks)
        names = context.query(" ".join(turn.raw[start:end] for start, end in spans)).names
        opens = isinstance(turn.action, Open)
        phrases = [
            _words(turn.raw, start, end, None if opens and marks[start] == QUERY else names) for start, end in spans
        ]
        yield Spoken(turn.raw, marks, phrases)
        context.see(turn)


def _spans(marks: Sequence[int]) -> list[tuple[int, int]]:
    """Where thoughts and queries begin and end."""
    edges = [0, *(place for place, (one, other) in enumerate(pairwise(marks), 1) if one != other), len(marks) - 1]
    return [(start, end) for start, end in pairwise(edges) if start < end and marks[start] in (THINK, QUERY)]


def _words(text: str, start: int, end: int, names: Set[str] | None) -> Phrase:
    """The words of a span; without names given, all of it is one."""
    found = list(_WORD.finditer(text, start, end))
    content = [tokens(word[0]) for word in found]
    named = [None if not words else names is None or words[0] in names for words in content]
    for place in reversed(range(len(named) - 1)):
        if named[place] is None:  # "the Copper Pilot": a word without content goes with the next
            named[place] = named[place + 1]
    starts = [*(word.start() for word in found), end]
    return [
        Word(word[0].lower(), *place, bool(name))
        for word, place, name in zip(found, pairwise(starts), named, strict=True)
    ]
