"""Facts, read out of the passages by the public grammar, with every sentence that states them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from berrypick.corpora.answerability.plans import Stated
from berrypick.corpora.builders.factbook.grammar import statements
from berrypick.corpora.builders.factbook.names import fold
from berrypick.corpora.builders.factbook.prose import Prose
from berrypick.corpora.builders.factbook.relations import MEASURES, RELATIONS
from berrypick.records import Attestation, Document, Hop

#: Former rulers that are no entry of today's Factbook.
FORMER_STATES: Final = ("Ottoman Empire", "Soviet Union", "Yugoslavia")

#: A statement, its page and the number of its sentence.
Spot = tuple[Stated, Document, int]


@dataclass(frozen=True)
class Fact:
    """A fact and the places that state it.

    Attributes:
        value: the text of the field that the object was read from.
    """

    subject: str
    relation: str
    object: str
    value: str
    places: tuple[Attestation, ...]

    @property
    def hop(self) -> Hop:
        """The fact as a hop of a gold plan."""
        return Hop(self.subject, self.relation, self.object, self.places)


class Facts:
    """What all passages state.

    A relation that has one object for a country is known only where all its fields agree; a border only where both
    countries state it.

    Args:
        documents: the passages.
        countries: names that a question may call a country. Other entries count for uniqueness only.
        entries: names of all entries.
    """

    def __init__(self, documents: Sequence[Document], countries: Iterable[str], entries: Iterable[str]) -> None:
        self.countries = tuple(countries)
        self._entries = frozenset(entries)
        self._spots = self._read(documents)
        self._facts = {(fact.relation, fact.subject, fold(fact.object)): fact for fact in self._known(Prose(documents))}

    def objects(self, relation: str, subject: str) -> list[Fact]:
        """Facts of a relation about a country, in the order of its pages."""
        return self._by_subject.get((relation, subject), [])

    def object(self, relation: str, subject: str) -> Fact | None:
        """The one fact of a relation about a country, None without one or with several."""
        found = self.objects(relation, subject)
        return found[0] if len(found) == 1 else None

    def subjects(self, relation: str, object_: str) -> list[str]:
        """Every entry, country or not, that any sentence gives this object."""
        return self._by_object.get((relation, fold(object_)), [])

    def speaks(self, relation: str, subject: str) -> bool:
        """Whether any sentence states any object of a relation for an entry."""
        return (relation, subject) in self._spoken

    def fact(self, relation: str, subject: str, object_: str) -> Fact | None:
        """One fact."""
        return self._facts.get((relation, subject, fold(object_)))

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    @cached_property
    def _by_subject(self) -> dict[tuple[str, str], list[Fact]]:
        index: dict[tuple[str, str], list[Fact]] = {}
        for fact in self._facts.values():
            index.setdefault((fact.relation, fact.subject), []).append(fact)
        return index

    @cached_property
    def _by_object(self) -> dict[tuple[str, str], list[str]]:
        index: dict[tuple[str, str], dict[str, None]] = {}
        for relation, subject, key in self._spots:
            index.setdefault((relation, key), {})[subject] = None
        return {pair: list(subjects) for pair, subjects in index.items()}

    @cached_property
    def _spoken(self) -> frozenset[tuple[str, str]]:
        return frozenset((relation, subject) for relation, subject, _ in self._spots)

    def _read(self, documents: Sequence[Document]) -> dict[tuple[str, str, str], list[Spot]]:
        """(relation, subject, folded object) to where it is stated; a symmetric fact under both orders."""
        spots: dict[tuple[str, str, str], list[Spot]] = {}
        for document in documents:
            for number, sentence in enumerate(document.sentences):
                for stated in statements(document.title, sentence):
                    if not self._sensible(stated):
                        continue
                    turned = Stated(stated.object, stated.relation, stated.subject)
                    for fact in (stated, turned) if _symmetric(stated.relation) else (stated,):
                        key = (fact.relation, fact.subject, fold(fact.object))
                        spots.setdefault(key, []).append((stated, document, number))
        return spots

    def _sensible(self, stated: Stated) -> bool:
        if stated.subject not in self._entries:
            return False
        if stated.relation in ("borders", "export_partner", "import_partner"):
            return stated.object in self._entries
        if stated.relation == "independence_from":
            return stated.object in self._entries or stated.object in FORMER_STATES
        return True

    def _known(self, prose: Prose) -> Iterator[Fact]:
        single = {row.name for row in RELATIONS.values() if row.single} | set(MEASURES)
        objects: dict[tuple[str, str], set[str]] = {}
        for relation, subject, key in self._spots:
            objects.setdefault((relation, subject), set()).add(key)
        for (relation, subject, _), spots in self._spots.items():
            agreed = relation not in single or len(objects[relation, subject]) == 1
            if subject in self.countries and agreed and (first := _confirmed(relation, spots)):
                stated, document, number = first
                name = stated.object if stated.subject == subject else stated.subject
                places = [Attestation(page.id, at, page.genre) for _, page, at in spots]
                places += prose.places(relation, subject, name)
                value = document.sentences[number].partition(": ")[2].removesuffix(".")
                yield Fact(subject, relation, name, value, tuple(dict.fromkeys(places)))


def _symmetric(relation: str) -> bool:
    return relation in RELATIONS and RELATIONS[relation].symmetric


def _confirmed(relation: str, spots: list[Spot]) -> Spot | None:
    """The first statement by the relation's first field, provided that, for a border, both sides state it."""
    if _symmetric(relation) and len({stated.subject for stated, _, _ in spots}) == 1:
        return None
    label = (RELATIONS[relation].sources[0] if relation in RELATIONS else MEASURES[relation].source).label
    return next((spot for spot in spots if spot[1].sentences[spot[2]].startswith(f"{label}: ")), None)
