"""How a world is written down: four genres that are found in different ways.

Profile pages are found by full name, rosters by initial form, chronicles by byname, byname registers by their title.
Lengths matter as much as words: BM25 divides by length, so rosters are short (a bare surname finds them before the
profiles), profiles are long and repeat the first name (a full name finds them before the rosters).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from berrypick.corpora.builders.almanac.book import Book, Shelf
from berrypick.corpora.builders.almanac.inventory import PLACES, POOLS, SEASONS, YEARS
from berrypick.corpora.builders.almanac.lexicon import ALIAS, HELD_OUT, REGISTER, REGISTER_ENTRY, RELATIONS
from berrypick.corpora.builders.almanac.world import Fact, World, short
from berrypick.records import Document, Entity

ROSTER_ENTRIES: Final = 5
REGISTER_ENTRIES: Final = 10
#: Probability that an event states two facts.
PAIRED: Final = 0.6
#: Share of chronicle subjects named by stem and place instead of byname; never where no other page states the fact,
#: for who reads it cannot tell which bearer of the stem is meant.
BY_PLACE: Final = 0.05
PROFILE_FILLERS: Final = (
    "{s} kept a careful diary.",
    "Visitors often asked about {s}.",
    "Old letters mention {s} with warmth.",
    "{s} was praised in the newspapers.",
    "A small museum remembers {s}.",
    "Few photographs of {s} survive.",
    "{s} disliked long speeches.",
    "Neighbours spoke well of {s}.",
    "Every guidebook has a page on {s}.",
    "{s} appears on a postage stamp.",
    "Rumours about {s} never stopped.",
    "Critics were divided over {s}.",
)
CHRONICLE_FILLERS: Final = (
    "Rain fell for most of the week.",
    "The price of bread rose again.",
    "A travelling circus came to the square.",
    "The bells rang until dusk.",
    "A new bridge was opened to traffic.",
    "Crops failed on the northern slopes.",
    "The river froze for a month.",
    "A comet was seen at night.",
    "The post arrived late.",
    "Fishermen reported a good catch.",
    "A fair drew large crowds.",
    "The old mill burned down.",
)


def write_book(
    world: World,
    shares: Mapping[str, float],
    held_out: bool,
    draw: np.random.Generator,
    shelf: Shelf | None = None,
) -> Book:
    """Write a world down.

    Args:
        world: what is true.
        shares: genre -> probability that it attests a fact; facts that no genre drew get a chronicle.
        held_out: word relations in the held-out paraphrases instead of the ordinary ones.
        draw: the world's generator.
        shelf: where other books stand already.
    """
    drawn: dict[str, list[Fact]] = {genre: [] for genre in ("profile", "roster", "chronicle")}
    for fact in world.facts:
        genres = [genre for genre in drawn if draw.random() < shares[genre]] or ["chronicle"]
        for genre in genres:
            drawn[genre].append(fact)
    book = Book()
    elsewhere = frozenset(drawn["profile"]) | frozenset(drawn["roster"])
    writer = _Writer(world, held_out, elsewhere, draw, shelf or Shelf())
    for pages in (
        writer.profiles(drawn["profile"]),
        writer.rosters(drawn["roster"]),
        writer.chronicles(drawn["chronicle"]),
        writer.registers(),
    ):
        for document, stated in pages:
            book.add(document, stated)
    return book


Page = tuple[Document, dict[int, tuple[str, str, str]]]


@dataclass
class _Writer:
    world: World
    held_out: bool
    elsewhere: frozenset[Fact]
    draw: np.random.Generator
    shelf: Shelf

    def profiles(self, facts: Sequence[Fact]) -> Iterator[Page]:
        """One page per entity under its full name; other sentences call it by its first word."""
        by_subject: dict[int, list[Fact]] = defaultdict(list)
        for fact in facts:
            by_subject[fact.subject].append(fact)
        for index, entity in enumerate(self.world.entities):
            lines: list[tuple[str, Fact | None]] = [
                (self._state(fact, short(entity)), fact) for fact in by_subject[index]
            ]
            fillers = self.draw.permutation(PROFILE_FILLERS)[: max(3, 8 - len(lines))]
            lines += [(_sentence(str(filler).format(s=short(entity))), None) for filler in fillers]
            lines = [lines[i] for i in self.draw.permutation(len(lines))]
            noun = self.draw.choice(POOLS[entity.kind].nouns)
            opening = f"{entity.full} is a {noun}."
            links = tuple(
                dict.fromkeys(
                    self.world.name(fact.object) for fact in by_subject[index] if isinstance(fact.object, int)
                )
            )
            stated = {i: self._key(fact) for i, (_, fact) in enumerate(lines, 1) if fact is not None}
            yield (
                Document(self._id("p", index), entity.full, (opening, *(text for text, _ in lines)), "profile", links),
                stated,
            )

    def rosters(self, facts: Sequence[Fact]) -> Iterator[Page]:
        """Numbered pages of an object, listing subjects by initial form."""
        by_object: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in facts:
            by_object[RELATIONS[fact.relation].roster, self.world.name(fact.object)].append(fact)
        number = 0
        for (title, object_name), listed in by_object.items():
            order = [listed[i] for i in self.draw.permutation(len(listed))]
            heading = title.format(o=object_name)
            for page in range(0, len(order), ROSTER_ENTRIES):
                entries = order[page : page + ROSTER_ENTRIES]
                sentences = tuple(f"{self.world.entities[fact.subject].initial}." for fact in entries)
                self.shelf.numbers[heading] += 1
                name = f"{heading} ({self.shelf.numbers[heading]})"
                yield (
                    Document(self._id("r", number), name, sentences, "roster"),
                    {i: self._key(fact) for i, fact in enumerate(entries)},
                )
                number += 1

    def chronicles(self, facts: Sequence[Fact]) -> Iterator[Page]:
        """Event pages that state one or two facts in passing, naming their subjects by byname."""
        titles = self.shelf.numbers
        for number, entries in enumerate(self._events(facts)):
            place = str(self.draw.choice(PLACES))
            lines: list[tuple[str, Fact | None]] = [
                (self._state(fact, self._in_passing(fact, place)), fact) for fact in entries
            ]
            lines += [
                (str(filler), None)
                for filler in self.draw.permutation(CHRONICLE_FILLERS)[: 2 + int(self.draw.integers(2))]
            ]
            lines = [lines[i] for i in self.draw.permutation(len(lines))]
            title = f"{self.draw.choice(SEASONS)} {self.draw.choice(YEARS)} at {place}"
            titles[title] += 1
            title += f" ({titles[title]})" if titles[title] > 1 else ""
            stated = {i: self._key(fact) for i, (_, fact) in enumerate(lines) if fact is not None}
            yield Document(self._id("c", number), title, tuple(text for text, _ in lines), "chronicle"), stated

    def _events(self, facts: Sequence[Fact]) -> list[list[Fact]]:
        """Group facts into events of one or two, both of one subject: its byname must not stand on too many pages."""
        by_subject: dict[int, list[Fact]] = defaultdict(list)
        for i in self.draw.permutation(len(facts)):
            by_subject[facts[i].subject].append(facts[i])
        events: list[list[Fact]] = []
        for own in by_subject.values():
            while own:
                count = 1 + int(self.draw.random() < PAIRED)
                events.append(own[:count])
                own = own[count:]
        return [events[i] for i in self.draw.permutation(len(events))]

    def registers(self) -> Iterator[Page]:
        """Pages that say which byname is which full name."""
        order = [self.world.entities[i] for i in self.draw.permutation(len(self.world.entities))]
        for number, start in enumerate(range(0, len(order), REGISTER_ENTRIES)):
            entries = order[start : start + REGISTER_ENTRIES]
            sentences = tuple(
                _sentence(REGISTER_ENTRY.format(byname=entity.byname, full=entity.full)) for entity in entries
            )
            stated = {i: (entity.byname, ALIAS, entity.full) for i, entity in enumerate(entries)}
            self.shelf.registers += 1
            title = REGISTER.format(n=self.shelf.registers)
            yield Document(self._id("b", number), title, sentences, "byname"), stated

    def _state(self, fact: Fact, subject: str) -> str:
        states = RELATIONS[fact.relation].states
        wordings = states[-HELD_OUT:] if self.held_out else states[:-HELD_OUT]
        return _sentence(str(self.draw.choice(wordings)).format(s=subject, o=self.world.name(fact.object)))

    def _in_passing(self, fact: Fact, place: str) -> str:
        entity = self.world.entities[fact.subject]
        vague = fact in self.elsewhere and self.draw.random() < BY_PLACE
        return by_place(entity, place) if vague else entity.byname

    def _id(self, genre: str, number: int) -> str:
        return f"{self.shelf.prefix}{genre}{number:06d}"

    def _key(self, fact: Fact) -> tuple[str, str, str]:
        return self.world.name(fact.subject), fact.relation, self.world.name(fact.object)


def by_place(entity: Entity, place: str) -> str:
    """An entity's stem with the place of the event: "Thornwell of Fellmoor"."""
    return f"{entity.full.split()[1]} of {place}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
