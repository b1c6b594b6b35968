"""The questions: a balanced choice among the candidates, worded and split."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Final

from berrypick.corpora.builders.factbook.aliases import country_answers, fact_answers, leaks
from berrypick.corpora.builders.factbook.candidates import Candidate, candidates
from berrypick.corpora.builders.factbook.draw import hashed
from berrypick.corpora.builders.factbook.facts import Fact, Facts
from berrypick.corpora.builders.factbook.grammar import write_question
from berrypick.corpora.builders.factbook.names import ABBREVIATIONS, fold
from berrypick.corpora.builders.factbook.relations import RELATIONS
from berrypick.corpora.builders.factbook.source import Entry
from berrypick.corpora.builders.factbook.unique import Lookout
from berrypick.records import Entity, Question

#: Kind of candidate -> family, and how many are asked.
KINDS: Final = {
    "key": ("bridge", 600),
    "named": ("bridge", 100),
    "chain": ("bridge", 200),
    "meet": ("intersection", 700),
    "compare": ("comparison", 700),
}
#: Most questions with one answer: of intersections, whose answers are countries, and of the others together.
COUNTRY_CAP, ANSWER_CAP = 6, 2
#: Most questions of one family that show one name.
NAME_CAPS: Final = {"intersection": 24, "bridge": 6, "comparison": 12}
#: Per cent of answers in train, and in train or dev.
TRAIN, DEV = 60, 70


def compose(facts: Facts, entries: Sequence[Entry]) -> tuple[list[Question], list[Entity]]:
    """Choose, word and split the questions, and list everything that their plans name."""
    made = candidates(facts, Lookout(facts, entries))
    choice = Choice({entry.name: country_answers(entry) for entry in entries})
    taken = [choice.take(made[kind], family, wanted) for kind, (family, wanted) in KINDS.items()]
    # Mixed, so that the first tasks of a split are of every family.
    mixed = sorted(itertools.chain(*taken), key=lambda question: hashed("order", question.text))
    return mixed, _entities(choice.facts, entries)


class Choice:
    """Picks candidates going round their groups, with caps on answers and names.

    Args:
        countries: each entry's name to its spellings as an answer.

    Attributes:
        facts: what the questions taken so far rest on.
    """

    def __init__(self, countries: dict[str, tuple[str, ...]]) -> None:
        self.facts: list[Fact] = []
        self._countries = countries
        self._answers: Counter[tuple[str, bool]] = Counter()
        self._names: Counter[tuple[str, str]] = Counter()
        self._texts: set[str] = set()
        self._numbers: Counter[str] = Counter()

    def take(self, found: Sequence[Candidate], family: str, wanted: int) -> list[Question]:
        """Take up to ``wanted`` candidates of a family, in the order of a hash."""
        groups: dict[tuple[str, ...], list[Candidate]] = {}
        for candidate in sorted(found, key=lambda item: hashed(item.kind, *item.group, *item.named, item.answer)):
            groups.setdefault(candidate.group, []).append(candidate)
        rounds = itertools.zip_longest(*(groups[key] for key in sorted(groups)))
        taken = (self._question(item, family) for row in rounds for item in row if item)
        return list(itertools.islice((question for question in taken if question), wanted))

    def _question(self, item: Candidate, family: str) -> Question | None:
        text = write_question(item.plan, hashed("wording", *item.group, *item.named))
        country = family == "intersection"
        answer, names = (fold(item.answer), country), [(family, fold(name)) for name in dict.fromkeys(item.named)]
        full = self._answers[answer] >= (COUNTRY_CAP if country else ANSWER_CAP)
        full = full or any(self._names[name] >= NAME_CAPS[family] for name in names)
        answers = self._countries[item.answer] if country else fact_answers(item.facts[-1])
        if full or text in self._texts or leaks(text, answers):
            return None
        self._answers[answer] += 1
        self._names.update(names)
        self._texts.add(text)
        self.facts.extend(item.facts)
        self._numbers[family] += 1
        return Question(
            id=f"factbook-{family}-{self._numbers[family]:04}",
            text=text,
            family=family,
            answers=answers,
            gold=tuple(fact.hop for fact in item.facts),
            answer_type="country" if country else RELATIONS[item.facts[-1].relation].kind,
            split=split_of(item.answer),
        )


def split_of(answer: str) -> str:
    """The split of all questions with an answer: no answer, and so no (answer, name) pair, is in two splits."""
    place = hashed("split", fold(answer)) % 100
    return "train" if place < TRAIN else "dev" if place < DEV else "test"


def _entities(asked: Sequence[Fact], entries: Sequence[Entry]) -> list[Entity]:
    """Names of the entries and of everything that plans speak of, figures aside.

    A country's initial form is its usual abbreviation ("USA"), its byname the conventional long form.
    """
    known: dict[str, Entity] = {}
    for entry in entries:
        long = entry.long if entry.long != entry.name else ""
        known[entry.name] = Entity(entry.name, ABBREVIATIONS.get(entry.name, ""), long, "country")
    for fact in asked:
        if fact.relation in RELATIONS:
            known.setdefault(fact.object, Entity(fact.object, kind=RELATIONS[fact.relation].kind))
    return list(known.values())
