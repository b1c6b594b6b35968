"""Questions over a world: five families, each a generator of candidates from which a fixed number is drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Final

import numpy as np

from berrypick.corpora.builders.almanac.book import Book
from berrypick.corpora.builders.almanac.lexicon import (
    ALIAS,
    ALIAS_ASKS,
    BOTH_FRAMES,
    COMPARE,
    FRAMES,
    ORDERS,
    RELATIONS,
    train_wordings,
)
from berrypick.corpora.builders.almanac.world import Fact, World
from berrypick.records import Hop, Question

#: Relations whose inverse is asked where one subject only has the object.
INVERSES: Final = tuple(name for name, row in RELATIONS.items() if row.asks_inverse)
#: Most subjects that the first condition of an intersection may leave: one roster page, one look.
MOST_CANDIDATES: Final = 5


@dataclass(frozen=True)
class QuestionDraft:
    """A candidate: a noun phrase, what it names, its kind, and the facts it rests on."""

    phrase: str
    value: int | str
    kind: str
    facts: tuple[Fact, ...]


@dataclass
class Asker:
    """Draws questions of every family about one world."""

    world: World
    book: Book
    draw: np.random.Generator
    _seen: set[str] = field(default_factory=set)

    @cached_property
    def forward(self) -> dict[int, list[Fact]]:
        """Subject to its facts."""
        facts: dict[int, list[Fact]] = defaultdict(list)
        for fact in self.world.facts:
            facts[fact.subject].append(fact)
        return facts

    @cached_property
    def backward(self) -> dict[tuple[str, int | str], list[Fact]]:
        """(relation, object) to the facts that have it."""
        facts: dict[tuple[str, int | str], list[Fact]] = defaultdict(list)
        for fact in self.world.facts:
            facts[fact.relation, fact.object].append(fact)
        return facts

    def questions(self, per_family: int, prefix: str, split: str) -> list[Question]:
        """Draw ``per_family`` questions of each family, fewer where a small world has not got them.

        Families take turns, so that the first n questions are a fair sample of them.
        """
        families: dict[str, Callable[[], QuestionDraft | None]] = {
            "bridge": self.bridge,
            "intersection": self.intersection,
            "comparison": self.comparison,
            "alias": self.alias,
            "inverse": self.inverse,
        }
        drawn = [
            [
                self._question(f"{prefix}-{family}-{number:03d}", family, split, asked)
                for number, asked in enumerate(self._distinct(draw_one, per_family))
            ]
            for family, draw_one in families.items()
        ]
        return [question for turn in zip_longest(*drawn) for question in turn if question is not None]

    def _distinct(self, draw_one: Callable[[], QuestionDraft | None], count: int) -> Iterator[QuestionDraft]:
        for _ in range(count * 40):
            if count == 0:
                return
            asked = draw_one()
            if asked is not None and asked.phrase not in self._seen:
                self._seen.add(asked.phrase)
                count -= 1
                yield asked

    def bridge(self) -> QuestionDraft | None:
        """Two (or, three times in ten, three) relations in a row."""
        start = int(self.draw.integers(len(self.world.entities)))
        asked: QuestionDraft | None = self._named(start, self.world.entities[start].full)
        for _ in range(2 + int(self.draw.random() < 0.3)):
            asked = self._follow(asked) if asked else None
        return self._proper(asked, start)

    def alias(self) -> QuestionDraft | None:
        """A byname, then one or two relations."""
        start = int(self.draw.integers(len(self.world.entities)))
        entity = self.world.entities[start]
        asked: QuestionDraft | None = self._named(start, self._word(ALIAS_ASKS).format(x=entity.byname))
        for _ in range(1 + int(self.draw.random() < 0.5)):
            asked = self._follow(asked) if asked else None
        return self._proper(asked, start)

    def inverse(self) -> QuestionDraft | None:
        """An inverse relation with one subject, then a relation (the other way round three times in ten)."""
        start = int(self.draw.integers(len(self.world.entities)))
        asked: QuestionDraft | None = self._named(start, self.world.entities[start].full)
        steps = (self._follow, self._trace_back) if self.draw.random() < 0.3 else (self._trace_back, self._follow)
        for step in steps:
            asked = step(asked) if asked else None
        return self._proper(asked, start)

    def intersection(self) -> QuestionDraft | None:
        """Two conditions on one unknown: the first leaves a few candidates, both together one."""
        first = self.world.facts[int(self.draw.integers(len(self.world.facts)))]
        candidates = self.backward[first.relation, first.object]
        if not RELATIONS[first.relation].asks_inverse or not 2 <= len(candidates) <= MOST_CANDIDATES:
            return None
        seconds = [
            fact
            for fact in self.forward[first.subject]
            if fact.relation != first.relation and RELATIONS[fact.relation].asks_inverse
        ]
        if not seconds:
            return None
        second = seconds[int(self.draw.integers(len(seconds)))]
        both = [
            fact
            for fact in candidates
            if any(f.object == second.object and f.relation == second.relation for f in self.forward[fact.subject])
        ]
        if len(both) != 1 or second.object == first.object:
            return None
        entity = self.world.entities[first.subject]
        parts = [
            self._word(RELATIONS[fact.relation].asks_inverse).format(x=self.world.name(fact.object))
            for fact in (first, second)
        ]
        phrase = str(self.draw.choice(BOTH_FRAMES[:-2])).format(a=parts[0], b=parts[1])
        return QuestionDraft(phrase, first.subject, entity.kind, (first, second))

    def comparison(self) -> QuestionDraft | None:
        """An attribute of the earlier or later of two; never one of the two names."""
        kind = str(self.draw.choice(list(COMPARE)))
        pool = [i for i, entity in enumerate(self.world.entities) if entity.kind == kind]
        one, other = (int(i) for i in self.draw.choice(pool, size=2, replace=False))
        years = [next(fact for fact in self.forward[i] if fact.relation == COMPARE[kind]) for i in (one, other)]
        if years[0].object == years[1].object:
            return None
        order = str(self.draw.choice(list(ORDERS)))
        winner = (
            min(years, key=lambda fact: str(fact.object))
            if order == "earlier"
            else max(years, key=lambda fact: str(fact.object))
        )
        names = [self.world.entities[i].full for i in (one, other)]
        asked = QuestionDraft(
            self._word(ORDERS[order]).format(a=names[0], b=names[1]), winner.subject, kind, tuple(years)
        )
        return self._proper(self._follow(asked), one, other)

    def _named(self, entity: int, phrase: str) -> QuestionDraft:
        return QuestionDraft(phrase, entity, self.world.entities[entity].kind, ())

    def _word(self, wordings: tuple[str, ...]) -> str:
        return str(self.draw.choice(train_wordings(wordings)))

    def _follow(self, asked: QuestionDraft) -> QuestionDraft | None:
        """Ask for the object of a relation of what ``asked`` names."""
        facts = self.forward.get(asked.value, []) if isinstance(asked.value, int) else []
        if not facts:
            return None
        fact = facts[int(self.draw.integers(len(facts)))]
        row = RELATIONS[fact.relation]
        return QuestionDraft(self._word(row.asks).format(x=asked.phrase), fact.object, row.object, (*asked.facts, fact))

    def _trace_back(self, asked: QuestionDraft) -> QuestionDraft | None:
        """Ask for the only subject that has what ``asked`` names as an object."""
        sole = [facts[0] for name in INVERSES if len(facts := self.backward.get((name, asked.value), [])) == 1]
        if not sole:
            return None
        fact = sole[int(self.draw.integers(len(sole)))]
        row = RELATIONS[fact.relation]
        return QuestionDraft(
            self._word(row.asks_inverse).format(x=asked.phrase), fact.subject, row.subject, (*asked.facts, fact)
        )

    def _proper(self, asked: QuestionDraft | None, *named: int) -> QuestionDraft | None:
        """Drop walks that use a fact twice or come back to something already named."""
        if asked is None:
            return None
        pairs = [frozenset((fact.subject, fact.object)) for fact in asked.facts]
        return None if asked.value in named or len(set(pairs)) < len(pairs) else asked

    def _question(self, id: str, family: str, split: str, asked: QuestionDraft) -> Question:
        text = asked.phrase if family == "intersection" else str(self.draw.choice(FRAMES[:-2])).format(np=asked.phrase)
        hops = [self._hop(fact) for fact in asked.facts]
        if family == "alias":
            hops.insert(0, self._alias_hop(asked.facts[0]))
        if isinstance(asked.value, str):
            answers: tuple[str, ...] = (asked.value,)
        else:
            entity = self.world.entities[asked.value]
            answers = (entity.full, entity.initial, entity.byname)
        return Question(id, text, family, answers, tuple(hops), asked.kind, split)

    def _hop(self, fact: Fact) -> Hop:
        subject, object_name = self.world.name(fact.subject), self.world.name(fact.object)
        found = list(self.book.places.get((subject, fact.relation, object_name), ()))
        if RELATIONS[fact.relation].symmetric:
            found += self.book.places.get((object_name, fact.relation, subject), ())
        return Hop(subject, fact.relation, object_name, tuple(found))

    def _alias_hop(self, first: Fact) -> Hop:
        """The look-up of a byname; a chronicle that states the next fact under the byname makes it unnecessary."""
        entity = self.world.entities[first.subject]
        stated = self.book.places.get((entity.full, first.relation, self.world.name(first.object)), ())
        listed = self.book.places[entity.byname, ALIAS, entity.full]
        skipped = [place for place in stated if place.genre == "chronicle" and self.book.names(place, entity.byname)]
        return Hop(entity.byname, ALIAS, entity.full, (*listed, *skipped))
