"""The panel: for every hop the queries that a searcher could write from the question and earlier hops.

A query is possible once the name in it is known. Names are known from the question, or from the text that attests
another hop: a chronicle that names somebody by byname gives the byname and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from berrypick.corpora.answerability.mentions import Mentions, capitalised, key, occurs, spelled
from berrypick.corpora.answerability.wording import Wording, wording_of
from berrypick.corpora.store import Corpus
from berrypick.records import Attestation, Document, Entity, Hop
from berrypick.text import tokens

_IN_PARENTHESES = re.compile(r"\s*\([^()]*\)\s*$")


class Query(NamedTuple):
    """One panel query: its text, its form (a row of the matrix), and the key of the name it needs, "" for none."""

    text: str
    form: str
    name: str


class Place(NamedTuple):
    """An attestation by position: where it is, and what finding it gives away."""

    document: int
    sentence: int | None
    genre: str
    names: frozenset[str]
    links: frozenset[int]


@dataclass(frozen=True)
class HopPanel:
    """The queries for one hop, its places, and the queries by which the matrix compares forms.

    Attributes:
        queries: what a searcher could ask, by the names that the question or other hops give.
        places: where the fact is stated.
        forms: every form of the subject's own name, whether or not a searcher would know it by then, and the title of
            the object's list: whether genres are found in different ways is a property of the corpus, not of plans.
    """

    queries: tuple[Query, ...]
    places: tuple[Place, ...]
    forms: tuple[Query, ...]


@dataclass(frozen=True)
class Panel:
    """All that the audit asks for one question.

    Attributes:
        whole: the question's text, itself a query.
        known: keys of the names that stand in the question.
        titled: documents whose title stands in the question: they can be opened at once.
        hops: in plan order.
    """

    whole: str
    known: frozenset[str]
    titled: frozenset[int]
    hops: tuple[HopPanel, ...]


class Panels:
    """Makes panels for the questions of one corpus.

    Args:
        corpus: what is asked about.
        plans: of its questions; names that stand in none of them, nor in a question, are unknown here.
    """

    def __init__(self, corpus: Corpus, plans: Iterable[Sequence[Hop]]) -> None:
        self._corpus = corpus
        self._wording: Wording = wording_of(corpus)
        # Of a million names few can be meant: those of which every word stands in a question or a plan.
        words = _words_asked(corpus, plans)
        titles = [
            document.title
            for document in corpus.documents
            if words.issuperset(key(_IN_PARENTHESES.sub("", document.title)).split())
        ]
        self._titles = Mentions(titles)
        self._short_titles = Mentions(_IN_PARENTHESES.sub("", title) for title in titles)
        self._entities: dict[str, Entity] = {}
        for entity in corpus.entities:
            keys = [key(form) for form in forms(entity)]
            if any(words.issuperset(each.split()) for each in keys):
                for each in keys:
                    self._entities.setdefault(each, entity)
        self._entity_names = Mentions(name for entity in self._entities.values() for name in forms(entity))

    def entity(self, name: str) -> Entity:
        """The entity that a name belongs to; one of that name alone where the corpus knows none."""
        return self._entities.get(key(name)) or Entity(full=name)

    def make(self, text: str, hops: Sequence[Hop]) -> Panel:
        """Make the panel of one question from its text and its plan."""
        asked = self._asked(text)
        titles = [] if self._corpus.entities else [name for hop in hops for name in self._titles_of(hop)]
        places = [tuple(self._place(hop, spot, titles) for spot in hop.attestations) for hop in hops]
        names = [self._names(asked, hops, places, number) for number in range(len(hops))]
        panels = tuple(
            HopPanel(tuple(self._queries(text, hop.relation, found)), spots, self._forms(text, hop, found))
            for hop, found, spots in zip(hops, names, places, strict=True)
        )
        position = self._corpus.position_of_title
        # The environment opens a page at once if its title is spelled out in the question.
        titled = frozenset(position[t.casefold()] for t in self._titles.find(text) if spelled(t, text))
        return Panel(text, known_keys(asked, text), titled, panels)

    def _asked(self, text: str) -> list[Entity]:
        """What the question names. Without a list of entities: titles, and what is capitalised or quoted."""
        if self._corpus.entities:
            return _distinct(self.entity(name) for name in self._entity_names.find(text))
        spans = [span for span in capitalised(text) if tokens(span)]
        return _distinct(Entity(full=name) for name in [*self._short_titles.find(text), *spans] if tokens(name))

    def _names(
        self, asked: list[Entity], hops: Sequence[Hop], places: Sequence[Sequence[Place]], number: int
    ) -> list[Entity]:
        """The entities whose names a searcher for one hop can use.

        Where plans name their entities: the hop's own, if the question or an earlier hop gives them. Else whatever the
        question names or any other hop gives away, for sources do not always list hops in the order of reasoning.
        """
        if not self._corpus.entities:
            others = {name for index, found in enumerate(places) if index != number for p in found for name in p.names}
            named = [name for hop in hops for name in (*self._titles_of(hop), hop.subject, hop.object)]
            return _distinct([*asked, *(Entity(full=name) for name in named if key(name) in others)])
        given = {name for earlier in places[:number] for place in earlier for name in place.names}
        given |= {key(form) for entity in asked for form in forms(entity)}
        own = _distinct(self.entity(name) for name in (hops[number].subject, hops[number].object) if name)
        known = [entity for entity in own if any(key(form) in given for form in forms(entity))]
        return known or asked

    def _titles_of(self, hop: Hop) -> list[str]:
        documents = [self._corpus.documents[self._corpus.position[spot.document]] for spot in hop.attestations]
        return [_IN_PARENTHESES.sub("", document.title) for document in documents]

    def _queries(self, text: str, relation: str, names: Iterable[Entity]) -> Iterator[Query]:
        yield Query(text, "whole", "")
        phrases, noun = self._wording.phrases(relation), self._wording.noun(relation)
        for entity in names:
            for form in ("full", "initial", "byname"):
                name = getattr(entity, form)
                if name:
                    yield Query(name, form, key(name))
                    yield from (Query(f"{name} {phrase}", f"{form}+words", key(name)) for phrase in phrases)
            if noun:
                yield Query(f"{noun} {entity.full}", "noun+full", key(entity.full))
            for name in filter(None, (entity.full, entity.byname)):
                yield from (Query(title, form, key(name)) for form, title in self._wording.titles(relation, name))

    def _forms(self, text: str, hop: Hop, names: list[Entity]) -> tuple[Query, ...]:
        if not self._corpus.entities:
            return tuple(self._queries(text, hop.relation, names))
        lists = {"roster", "register"}
        by_subject = self._queries(text, hop.relation, [self.entity(hop.subject)])
        same = self.entity(hop.object) is self.entity(hop.subject)
        listed = hop.subject if same else hop.object
        titles = self._wording.titles(hop.relation, listed)
        return (
            *(query for query in by_subject if query.form not in lists),
            *(Query(title, form, key(listed)) for form, title in titles),
        )

    def _place(self, hop: Hop, spot: Attestation, titles: Iterable[str]) -> Place:
        position = self._corpus.position[spot.document]
        document = self._corpus.documents[position]
        text = f"{document.title} . {document.text if spot.sentence is None else document.sentences[spot.sentence]}"
        names = frozenset(key(title) for title in titles if occurs(title, text))
        for entity in (self.entity(name) for name in (hop.subject, hop.object) if name):
            # What is no entity (a year, a source's own wording) cannot be named in several ways: reading it gives it.
            listed = key(entity.full) in self._entities
            names |= known_keys([entity], text) if listed else {key(entity.full)}
        return Place(position, spot.sentence, spot.genre, names, self._links(document))

    def _links(self, document: Document) -> frozenset[int]:
        position = self._corpus.position_of_title
        return frozenset(position[link.casefold()] for link in document.links if link.casefold() in position)


def _words_asked(corpus: Corpus, plans: Iterable[Sequence[Hop]]) -> frozenset[str]:
    texts = [question.text for question in corpus.all_questions]
    texts += [name for hops in plans for hop in hops for name in (hop.subject, hop.object)]
    return frozenset(word for text in texts for word in key(text).split())


def forms(entity: Entity) -> tuple[str, ...]:
    """The names of an entity."""
    return tuple(filter(None, (entity.full, entity.initial, entity.byname)))


def known_keys(entities: Iterable[Entity], text: str) -> frozenset[str]:
    """Keys of the names that a text gives away; who knows a full name knows its initial form."""
    keys: set[str] = set()
    for entity in entities:
        keys |= {key(form) for form in forms(entity) if occurs(form, text)}
        if key(entity.full) in keys and entity.initial:
            keys.add(key(entity.initial))
    return frozenset(keys)


def _distinct(entities: Iterable[Entity]) -> list[Entity]:
    found: dict[str, Entity] = {}
    for entity in entities:
        found.setdefault(key(entity.full), entity)
    return list(found.values())
