"""Reachability: which places the panel's queries show, what a route costs, and which routes fit the budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from berrypick.corpora.engines import open_engine
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.mentions import key, occurs
from berrypick.corpora.panel import HopPanel, Panel, Place, Query, forms
from berrypick.corpora.snippets import best_sentence, corpus_idf
from berrypick.corpora.store import Corpus
from berrypick.corpora.wording import wording_of
from berrypick.records import Entity
from berrypick.text import tokens

#: Ranks fetched once; masked lists are cut from them, which is exact because masks do not move ranks.
DEPTH: Final = 10
#: Queries sent at once: few enough that an engine still remembers them when they come again under a mask.
CHUNK: Final = 512
#: Genres that a knock-out masks.
MASKED_GENRES: Final = ("profile", "roster", "chronicle")
REGISTER_GENRE: Final = "byname"


class Way(NamedTuple):
    """One way to a place: search with a query that needs ``name``, then open the page where ``opens`` is 1."""

    searches: int
    opens: int
    name: str
    engine: str
    place: Place


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


class Searcher:
    """Answers panel queries: every query goes to every engine once, in one batch.

    Args:
        corpus: what is searched.
        engines: names of engines.
        topk: length of a result list.
    """

    def __init__(self, corpus: Corpus, engines: Sequence[str], topk: int) -> None:
        self.corpus, self.engines, self.topk = corpus, tuple(engines), topk
        self._open = {name: open_engine(name, corpus) for name in engines}
        self._depth = max(DEPTH, topk)
        self._idf = corpus_idf(corpus)
        self._shown: dict[tuple[str, int], int] = {}
        self._tokens: dict[str, list[str]] = {}
        self.deep: dict[str, dict[str, tuple[int, ...]]] = {name: {} for name in engines}
        self._lists: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {}
        genres = np.array([document.genre for document in corpus.documents])
        self.masks: dict[str, Mask] = {genre: genres == genre for genre in MASKED_GENRES if (genres == genre).any()}

    def ask(self, engine: str, texts: Iterable[str]) -> None:
        """Send queries to one engine, under no mask and under every genre's mask."""
        asked = list(dict.fromkeys(texts))
        for genre in ("", *self.masks):
            self._lists[engine, genre] = {}
        for start in range(0, len(asked), CHUNK):
            chunk = asked[start : start + CHUNK]
            hits = self._open[engine].search(chunk, self._depth)
            deep = {text: tuple(hit.index for hit in found) for text, found in zip(chunk, hits, strict=True)}
            self.deep[engine] |= deep
            self._lists[engine, ""] |= {text: found[: self.topk] for text, found in deep.items()}
            for genre, mask in self.masks.items():
                self._lists[engine, genre] |= self._masked(engine, deep, mask)

    def _masked(self, engine: str, deep: Mapping[str, tuple[int, ...]], mask: Mask) -> dict[str, tuple[int, ...]]:
        lists = {text: tuple(index for index in found if not mask[index])[: self.topk] for text, found in deep.items()}
        short = [text for text, kept in lists.items() if len(kept) < self.topk and len(deep[text]) == self._depth]
        hits = self._open[engine].search(short, self.topk, mask) if short else []
        return lists | {text: tuple(hit.index for hit in found) for text, found in zip(short, hits, strict=True)}

    def top(self, engine: str, text: str, genre: str = "") -> tuple[int, ...]:
        """Positions listed for a query, with the documents of ``genre`` masked out."""
        return self._lists[engine, genre][text]

    def shows(self, text: str, place: Place) -> bool:
        """Whether the snippet of a listed document is the sentence of the place."""
        if place.sentence is None:
            return True
        spot = text, place.document
        if spot not in self._shown:
            words = self._tokens.setdefault(text, tokens(text))
            self._shown[spot] = best_sentence(self.corpus.documents[place.document], words, self._idf)
        return self._shown[spot] == place.sentence


def ways_to(searcher: Searcher, places: Sequence[Place], queries: Iterable[Query], genre: str) -> list[Way]:
    """Every way by which a search leads to one of the places, the cheapest of those that need the same name.

    Args:
        searcher: has been asked all the queries.
        places: what is looked for.
        queries: the panel of the hop.
        genre: documents masked out, "" for none.
    """
    spots: dict[int, list[Place]] = {}
    for place in places:
        spots.setdefault(place.document, []).append(place)
    best: dict[tuple[str, str, Place], int] = {}
    for text, _, name in queries:
        for engine in searcher.engines:
            for index in searcher.top(engine, text, genre):
                for place in spots.get(index, ()):
                    opens = 0 if searcher.shows(text, place) else 1
                    best[name, engine, place] = min(opens, best.get((name, engine, place), 1))
    return [Way(1, opens, name, engine, place) for (name, engine, place), opens in best.items()]


class Registers:
    """Who can be looked up: an entity's other names, found in the pages that say which byname is whose.

    Args:
        searcher: of the corpus.
    """

    def __init__(self, searcher: Searcher) -> None:
        corpus = searcher.corpus
        self._searcher = searcher
        self._lookup = wording_of(corpus).lookup
        self._entity = {key(form): entity for entity in reversed(corpus.entities) for form in forms(entity)}
        self._places: dict[str, list[Place]] = {}
        bynames = {key(entity.byname): entity for entity in corpus.entities if entity.byname}
        for position, document in enumerate(corpus.documents):
            if document.genre == REGISTER_GENRE:
                for number, sentence in enumerate(document.sentences):
                    entity = bynames.get(key(sentence.partition(":")[0]))
                    if entity and occurs(entity.full, sentence):
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
        plain = {key(entity.full), key(entity.initial)} - {""}
        if name in plain and plain & known:
            # The surname finds the page whose title spells the name out.
            return 1, 0
        ways = self._look_up(key(entity.full), condition.genre)
        held = known | ({key(entity.full)} if plain & known else set())
        priced = [(way.searches, way.opens) for way in ways if way.name in held and _allowed(way, condition)]
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
        if (place.document, place.sentence) in walk.shown or place.document in walk.opened:
            yield Way(0, 0, "", "", place)
        elif place.document in walk.openable:
            yield Way(0, 1, "", "", place)
        elif place.document in walk.linked:
            # The page that links to it is opened first: a list of results shows no links.
            yield Way(0, 2, "", "", place)


def _allowed(way: Way, condition: Condition) -> bool:
    return not (way.engine and way.engine == condition.engine) and not (way.opens and condition.no_open)


def _total(price: tuple[int, int]) -> tuple[int, int]:
    return sum(price), price[0]
