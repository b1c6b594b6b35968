"""What the learned critics see of an episode: counts and shares of words, read off question, actions and observations.

Nothing here is gold, and nothing is the policy's confidence: a policy that is paid for the process critic's score would
learn to be sure of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

import numpy as np

from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.scoring.moves import displayed
from berrypick.envs.scoring.query_forms import Lexicon, Passage, lexicon
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.text import normalise, tokens

#: Of a prefix: how far the episode is, what its last turn did, how near what it displayed comes to the question; of its
#: answer, where it has one, the same of the text that holds it.
NAMES: Final = (
    "asked", "asked_names", "turns", "searches", "opens", "invalid",
    "search", "open", "answer", "refused", "repeated", "listed", "new", "new_words", "query_asked", "query_found",
    "shown", "words_found", "names_found", "best", "best_new", "pages_named",
    "supported", "answer_asked", "answer_words", "answer_best", "answer_last", "answer_sentences", "answer_name",
)  # fmt: skip


def prefixes(trace: Trace) -> np.ndarray:
    """Return the features of an episode before its first turn and after each. Shape (turns + 1, len(NAMES))."""
    words = lexicon(trace.corpus)
    reading = _Reading(words, trace.question.text)
    rows = [reading.features(None)]
    for turn in trace.turns:
        reading.see(turn, displayed(turn, words))
        rows.append(reading.features(turn))
    return np.array(rows, dtype=np.float64)


class _Reading:
    """An episode as far as it was read."""

    def __init__(self, words: Lexicon, question: str) -> None:
        self._asked = words.question(question)
        self._content, self._names = frozenset(self._asked.words), self._asked.names
        self._passages: list[Passage] = []
        self._last: list[Passage] = []
        self._found: set[str] = set()
        self._before: frozenset[str] = frozenset()
        self._shown: set[tuple[int, int]] = set()
        self._turns: list[Turn] = []
        self._new = 0

    def see(self, turn: Turn, shown: list[Passage]) -> None:
        """Read a turn."""
        self._before = frozenset(self._found)
        self._new = len(set(turn.shown) - self._shown)
        self._shown |= set(turn.shown)
        self._turns.append(turn)
        self._last = shown
        self._passages += shown
        for passage in shown:
            self._found |= passage.words

    def features(self, turn: Turn | None) -> list[float]:
        """Features after what was read so far, ``turn`` being the last."""
        valid = [one for one in self._turns if one.valid]
        return [
            len(self._content) / 10,
            len(self._names) / 10,
            len(self._turns) / 10,
            sum(isinstance(one.action, Search) for one in valid) / 10,
            sum(isinstance(one.action, Open) for one in valid) / 10,
            (len(self._turns) - len(valid)) / 10,
            *(self._of_turn(turn) if turn else [0.0] * 10),
            np.log1p(len(self._shown)) / 3,
            _share(self._content, self._found),
            _share(self._names, self._found),
            self._best(self._passages),
            self._best(self._last),
            self._named() / 3,
            *(self._of_answer(turn.action.text) if turn and isinstance(turn.action, Answer) else [0.0] * 7),
        ]

    def _of_turn(self, turn: Turn) -> Iterator[float]:
        action = turn.action
        query = frozenset(tokens(_said(turn)))
        yield from (float(isinstance(action, kind)) for kind in (Search, Open, Answer))
        yield float(not turn.valid)
        yield float(any(action == one.action for one in self._turns[:-1]))
        yield len(turn.docs) / 3
        yield self._new / 10
        yield len(self._found - self._before) / 30
        yield _share(query, self._content)
        yield _share(query - self._content, self._before)

    def _of_answer(self, text: str) -> Iterator[float]:
        answer = normalise(text)
        holding = [one for one in self._passages if _holds(one.normalised, answer)]
        last = [turn for turn in self._turns[:-1] if turn.valid][-1:]
        words = frozenset(tokens(text))
        yield float(bool(holding))
        yield _share(words, self._content)
        yield len(words) / 5
        yield self._best(holding)
        yield float(bool(last) and _holds(normalise(last[0].observation), answer))
        yield np.log1p(len(holding)) / 3
        yield float(any(words and words <= one.names for one in holding))

    def _best(self, passages: list[Passage]) -> float:
        """The largest share of the question's words that one passage holds."""
        return max((_share(self._content, one.words) for one in passages), default=0.0)

    def _named(self) -> int:
        """Passages that hold all names of the question."""
        return sum(self._names <= one.words for one in self._passages)


def _share(words: Set[str], among: Set[str]) -> float:
    return len(words & among) / len(words) if words else 0.0


def _holds(normalised: str, answer: str) -> bool:
    """Whether a text holds an answer as whole words; nothing holds an empty one."""
    return bool(answer) and f" {answer} " in f" {normalised} "


def _said(turn: Turn) -> str:
    match turn.action:
        case Search(query=text) | Open(title=text) | Answer(text):
            return text
    return ""
