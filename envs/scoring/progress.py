"""Which hops an episode has displayed so far, where, and in which genre."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from berrypick.corpora.store import Corpus
from berrypick.envs.actions import Open
from berrypick.envs.scoring.trace import Turn
from berrypick.records import Question, Record
from berrypick.text import normalise


class Sighting(Record):
    """The first display of a hop.

    Attributes:
        turn: index of the turn.
        rank: index into the turn's ``shown``.
        document: id of the attesting document.
        genre: its genre, as the attestation names it.
    """

    turn: int
    rank: int
    document: str
    genre: str


class Progress:
    """Follows one episode; ``first[h]`` is the first sighting of hop ``h``, None while it is unseen.

    An attestation with a sentence counts when that sentence is displayed. One without counts when its document is
    opened, or when the title and a displayed sentence of it hold the hop's answer: another sentence is no evidence.
    """

    def __init__(self, question: Question, corpus: Corpus) -> None:
        self.first: list[Sighting | None] = [None] * len(question.gold)
        self._turns = 0
        self._corpus = corpus
        self._answers = [answers_of(question, number) for number in range(len(question.gold))]
        self._places: dict[tuple[int, int | None], list[tuple[int, str, str]]] = {}
        for number, hop in enumerate(question.gold):
            for place in hop.attestations:
                key = (corpus.position[place.document], place.sentence)
                self._places.setdefault(key, []).append((number, place.document, place.genre))

    def see(self, turn: Turn) -> None:
        """Take in the next turn."""
        for rank, (position, sentence) in enumerate(turn.shown):
            for key in ((position, sentence), (position, None)):
                for hop, document, genre in self._places.get(key, ()):
                    told = (
                        key[1] is not None
                        or isinstance(turn.action, Open)
                        or holds(self._corpus, position, sentence, self._answers[hop])
                    )
                    if self.first[hop] is None and told:
                        self.first[hop] = Sighting(self._turns, rank, document, genre)
        self._turns += 1

    @property
    def found(self) -> int:
        """Number of hops displayed."""
        return sum(sighting is not None for sighting in self.first)


def holds(corpus: Corpus, position: int, sentence: int, answers: Collection[str]) -> bool:
    """Whether what a hit displays of a document, its title and a sentence, holds one of some normalised answers."""
    page = corpus.documents[position]
    shown = page.sentences[sentence] if page.sentences else ""
    words = f" {normalise(f'{page.title} {shown}')} "
    return any(f" {answer} " in words for answer in answers)


def answers_of(question: Question, hop: int) -> frozenset[str]:
    """The normalised answers of a hop: its object, and those of the question where it is the last or names none."""
    named = question.gold[hop].object
    given = question.answers if not named or hop == len(question.gold) - 1 else ()
    return frozenset(filter(None, map(normalise, (named, *given))))


def first_shown(question: Question, corpus: Corpus, turns: Sequence[Turn]) -> tuple[Sighting | None, ...]:
    """Return the first sighting of each hop, in the order of the plan."""
    progress = Progress(question, corpus)
    for turn in turns:
        progress.see(turn)
    return tuple(progress.first)


def hops_found(question: Question, corpus: Corpus, turns: Sequence[Turn]) -> int:
    """Return how many hops the turns displayed."""
    return sum(sighting is not None for sighting in first_shown(question, corpus, turns))


def gold_info(question: Question) -> dict[str, Any]:
    """Return what ``info["gold"]`` holds under ``expose_gold``: the answers and the attesting documents of each hop."""
    return {
        "answers": question.answers,
        "documents": tuple(tuple(place.document for place in hop.attestations) for hop in question.gold),
    }
