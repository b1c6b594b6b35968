"""Reachability: what a route costs a searcher who starts from the question, and which routes fit the budget."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from berrypick.corpora.answerability.mentions import Mentions, key, occurs
from berrypick.corpora.answerability.probe_queries import HopPanel, Panel, Place, Query, forms
from berrypick.corpora.answerability.probe_search import Searcher, Way, ways_to
from berrypick.corpora.answerability.wording import wording_of
from berrypick.corpora.engines import kinds_in
from berrypick.records import Entity

REGISTER_GENRE: Final = "byname"


class Budget(NamedTuple):
    """What an episode may spend."""

    searches: int
    turns: int


@dataclass(frozen=True)
class Condition:
    """A knock-out as the audit sees it: genres masked, engines refused, opening refused."""

    name: str
    genre: str = ""
    engine: str = ""
    no_open: bool = False


class Registers:
    """Who can be looked up: an entity's other names, found in the pages that say which byname is whose.

    Args:
        searcher: of the corpus.
        names: keys of the names that may have to be learned; nobody else is looked up.
    """

    def __init__(self, searcher: Searcher, names: Collection[str]) -> None:
        corpus = searcher.corpus
        self._searcher = searcher
        self._lookup = wording_of(corpus).lookup
        named = [entity for entity in corpus.entities if any(key(form) in names for form in forms(entity))]
        self._entity = {key(form): entity for entity in reversed(named) for form in forms(entity)}
        self._places: dict[str, list[Place]] = {}
        bynames = Mentions(entity.byname for entity in named if entity.byname)
        for position in np.flatnonzero(corpus.genre_mask(REGISTER_GENRE)).tolist():
            for number, sentence in enumerate(corpus.documents[position].sentences):
                for entity in (self._entity[key(byname)] for byname in bynames.find(sentence)):
                    if occurs(entity.full, sentence):
                        place = Place(position, number, REGISTER_GENRE, frozenset(), frozenset())
                        self._places.setdefault(key(entity.full), []).append(place)
        self._ways: dict[tuple[str, str], list[Way]] = {}

    def queries(self) -> Iterator[str]:
        """The queries that look a name up."""
        for name in self._places:
            yield from (query.text for query in self._asks(self._entity[name]))

    def price(self, name: str, known: frozenset[str], condition: Condition) -> tuple[int, int] | None:
        """Searches and opens to learn ``name``, given what is known; None where it cannot be learned."""
        entity = self._entity.get(name)
        if name in known or not name:
            return 0, 0
        if entity is None:
            return None
        # The surname in an initial form finds the page whose title spells the name out: one search.
        spelled = {key(entity.full): 0, key(entity.initial): 1}
        spelling = min((cost for form, cost in spelled.items() if form in known), default=None)
        if name in spelled and spelling is not None:
            return spelling, 0
        held = dict.fromkeys(known, 0) | ({} if spelling is None else {key(entity.full): spelling})
        ways = [way for way in self._look_up(key(entity.full), condition.genre) if _allowed(way, condition)]
        priced = [(way.searches + held[way.name], way.opens) for way in ways if way.name in held]
        return min(priced, key=_total, default=None)

    def _look_up(self, name: str, genre: str) -> list[Way]:
        if (name, genre) not in self._ways:
            entity = self._entity[name]
            places = self._places.get(name, [])
            self._ways[name, genre] = ways_to(self._searcher, places, self._asks(entity), genre) if places else []
        return self._ways[name, genre]

    def _asks(self, entity: Entity) -> list[Query]:
        return [Query(self._lookup(form) or form, "", key(form)) for form in (entity.full, entity.byname)]


@dataclass
class Walk:
    """A searcher on its way through one route: what is known and shown so far, and what it cost.

    Attributes:
        known: keys of names.
        openable: documents that can be opened.
        linked: documents that a page links to which was listed, but not opened yet.
        searches: made so far.
        opens: made so far.
        shown: (document, sentence) on display.
        opened: pages on display.
    """

    known: frozenset[str]
    openable: frozenset[int]
    linked: frozenset[int] = frozenset()
    searches: int = 0
    opens: int = 0
    shown: set[tuple[int, int | None]] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)

    def shows(self, place: Place) -> bool:
        """Whether a place is on display; of a place without a sentence, any part of its document will do."""
        return any(
            place.document == document and place.sentence in (None, sentence) for document, sentence in self.shown
        )

    def take(self, price: tuple[int, int], way: Way) -> None:
        """Go one way."""
        place = way.place
        self.searches += price[0]
        self.opens += price[1]
        self.known |= place.names | ({way.name} if way.name else frozenset())
        self.shown.add((place.document, place.sentence))
        self.openable |= {place.document}
        if way.opens:
            self.opened.add(place.document)
            self.openable |= place.links
        else:
            self.linked |= place.links


def routes(
    panel: Panel,
    ways: Sequence[Mapping[str, Sequence[Way]]],
    registers: Registers,
    condition: Condition,
    budget: Budget,
) -> list[tuple[tuple[str, ...], int]]:
    """The viable routes of a question under a condition, with what each costs (searches and opens).

    Args:
        panel: of the question.
        ways: for each hop, genre -> ways by search, under the condition's mask.
        registers: where names are looked up.
        condition: what is knocked out.
        budget: what may be spent; the answer takes a turn.
    """
    genres = [sorted({place.genre for place in hop.places} - {condition.genre}) for hop in panel.hops]
    viable = []
    for route in product(*genres):
        walk = _walk(panel, route, ways, registers, condition)
        if walk and walk.searches <= budget.searches and walk.searches + walk.opens + 1 <= budget.turns:
            viable.append((route, walk.searches + walk.opens))
    return viable


def _walk(
    panel: Panel,
    route: Sequence[str],
    ways: Sequence[Mapping[str, Sequence[Way]]],
    registers: Registers,
    condition: Condition,
) -> Walk | None:
    """Follow a route, each time to the first hop that can be reached with what is known."""
    walk = Walk(panel.known, panel.titled)
    left = list(range(len(route)))
    while left:
        for number in left:
            step = _cheapest(walk, panel.hops[number], route[number], ways[number], registers, condition)
            if step is not None:
                break
        else:
            return None
        left.remove(number)
        walk.take(*step)
    return walk


def _cheapest(
    walk: Walk,
    hop: HopPanel,
    genre: str,
    ways: Mapping[str, Sequence[Way]],
    registers: Registers,
    condition: Condition,
) -> tuple[tuple[int, int], Way] | None:
    options = []
    for way in (*_without_search(walk, hop, genre, condition), *ways.get(genre, ())):
        learn = registers.price(way.name, walk.known, condition) if _allowed(way, condition) else None
        if learn is not None:
            options.append(((way.searches + learn[0], way.opens + learn[1]), way))
    return min(options, key=lambda option: _total(option[0]), default=None)


def _without_search(walk: Walk, hop: HopPanel, genre: str, condition: Condition) -> Iterator[Way]:
    """Places on display already, pages that may be opened at once, and pages that a found page links to."""
    for place in hop.places:
        if place.genre != genre:
            continue
        if place.document in walk.opened or walk.shows(place):
            yield Way(0, 0, "", "", place)
        elif place.document in walk.openable:
            yield Way(0, 1, "", "", place)
        elif place.document in walk.linked:
            # The page that links to it is opened first: a list of results shows no links.
            yield Way(0, 2, "", "", place)


def _allowed(way: Way, condition: Condition) -> bool:
    works = condition.engine not in kinds_in(way.engine) if condition.engine else True
    return works and not (way.opens and condition.no_open)


def _total(price: tuple[int, int]) -> tuple[int, int]:
    return sum(price), price[0]
