"""The ceilings: agents that hold the gold and still have to display it, turn by turn, within the budget.

An episode is planned in advance by asking the engines themselves: for every fact a page that can be opened, else the
first query whose result shows it, else a query and the page that it lists. ``rollout`` tells which question a row
plays, as no observation may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.scripted.agent import NO_ANSWER
from berrypick.corpora import Corpus
from berrypick.corpora.answerability.probe_queries import Panels
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.observations import Setup
from berrypick.envs.reading.view import look
from berrypick.envs.scoring.progress import answers_of, holds
from berrypick.envs.scoring.trace import Trace
from berrypick.envs.worlds import World, names_title
from berrypick.records import Question

Action = Search | Open
#: One genre per hop, or None for whichever genre comes first.
Route = tuple[str, ...] | None
#: (document position, sentence index) of displayed sentences, in order.
Shown = tuple[tuple[int, int], ...]

NO_ROUTE: Final[Route] = None


class Oracle:
    """Displays the evidence of every fact in the first way it finds, then gives the first accepted answer."""

    name = "oracle"

    def __init__(self) -> None:
        self._libraries: dict[Path, _Library] = {}
        self._told: dict[int, tuple[_Library, Question]] = {}
        self._plans: dict[int, list[Action]] = {}
        self._made: dict[tuple[Path, str, Setup, Route], list[Action]] = {}

    def reads(self, corpus: str) -> bool:
        """Every corpus."""
        return True

    def tell(self, row: int, trace: Trace) -> None:
        """Learn which question a row plays; see ``rollout.Informed``."""
        path = trace.corpus.path
        if path not in self._libraries:
            self._libraries[path] = _Library(trace.corpus)
        self._told[row] = self._libraries[path], trace.question

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row; raises KeyError for a row that ``tell`` did not announce."""
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def route(self, corpus: Corpus, question: Question, rng: np.random.Generator) -> Route:
        """Choose the genres in which the evidence shall be found."""
        return NO_ROUTE

    def _act(self, row: EpisodeView, rng: np.random.Generator) -> str:
        view, turn = look(row.history), len(row.history) // 2
        library, question = self._told[row.id]
        if row.id not in self._plans:
            self._plans[row.id] = self._plan(library, question, view.setup, self.route(library.corpus, question, rng))
        if turn < len(self._plans[row.id]) and view.turns_left > 1:
            return view.write(self._plans[row.id][turn])
        return view.write(Answer(question.answers[0] if question.answers else NO_ANSWER))

    def _plan(self, library: _Library, question: Question, setup: Setup, route: Route) -> list[Action]:
        key = (library.corpus.path, question.id, setup, route)
        if key not in self._made:
            self._made[key] = _Planner(library, question, setup, route).plan()
        return self._made[key]


class RouteOracle(Oracle):
    """Draws one viable route per rollout and follows it: the ceiling of route coverage."""

    name = "route_oracle"

    def route(self, corpus: Corpus, question: Question, rng: np.random.Generator) -> Route:
        """One of the routes that the audit found viable."""
        audited = corpus.audit.get(question.id)
        if audited is None or not audited.routes:
            return NO_ROUTE
        return audited.routes[int(rng.integers(len(audited.routes)))]


class _Library:
    """A corpus with its engines and the audit's queries."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus, self.world = corpus, World(corpus)
        self.panels = Panels(corpus, [question.gold for question in corpus.all_questions])

    def queries(self, question: Question, hop: int, spots: Sequence[tuple[int, int | None]]) -> list[str]:
        """What to search for a fact: the audit's panel, then titles and sentences of its evidence."""
        texts = [query.text for query in self.panels.make(question.text, question.gold).hops[hop].queries]
        for position, sentence in spots:
            document = self.corpus.documents[position]
            texts += [document.title, document.text if sentence is None else document.sentences[sentence]]
        return list(dict.fromkeys(filter(None, texts)))


@dataclass
class _Planner:
    """Plays an episode ahead.

    Attributes:
        seen: hop to the genre in which it was displayed first.
        openable: positions of documents that may be opened.
        actions: chosen so far.
    """

    library: _Library
    question: Question
    setup: Setup
    route: Route
    seen: dict[int, str] = field(default_factory=dict)
    openable: set[int] = field(default_factory=set)
    actions: list[Action] = field(default_factory=list)

    def plan(self) -> list[Action]:
        """Choose actions that display every hop, on the route where that can be done."""
        for hop in range(len(self.question.gold)):
            if hop in self.seen:
                continue
            for action in self._best(hop):
                docs, shown = self._result(action)
                self.seen = self._sightings(action, shown) | self.seen
                self.openable.update(docs)
                self.actions.append(action)
        return self.actions

    def _best(self, hop: int) -> list[Action]:
        """The first option that keeps to the route, else the first."""
        first: list[Action] = []
        for option in self._options(hop):
            if self._keeps_route(hop, option):
                return option
            first = first or option
        return first

    def _spots(self, hop: int) -> list[tuple[int, int | None]]:
        """Where a hop is stated, places of the route's genre first."""
        places = self.question.gold[hop].attestations
        wanted = self.route[hop] if self.route else None
        ordered = sorted(places, key=lambda place: place.genre != wanted)
        return [(self.library.corpus.position[place.document], place.sentence) for place in ordered]

    def _options(self, hop: int) -> Iterator[list[Action]]:
        """Ways to display a hop, the shortest first."""
        spots = self._spots(hop)
        titles = {position: self.library.corpus.documents[position].title for position, _ in spots}
        for position, title in titles.items():
            if position in self.openable or names_title(self.question.text, title):
                yield [Open(title)]
        queries, listing = self.library.queries(self.question, hop, spots), []
        for engine in self.setup.engines:
            for query in queries:
                search = Search(query, engine)
                docs, shown = self._result(search)
                if any(self._told(hop, spot, one) for spot in spots for one in shown):
                    yield [search]
                listing += [(search, titles[position]) for position in docs if position in titles]
        for search, title in listing:
            yield [search, Open(title)]

    def _result(self, action: Action) -> tuple[tuple[int, ...], Shown]:
        """Documents that an action lists or links, and the sentences that it shows."""
        world, corpus = self.library.world, self.library.corpus
        if isinstance(action, Open):
            position = corpus.position_of_title[action.title.casefold()]
            shown = tuple((position, number) for number in range(max(len(corpus.documents[position].sentences), 1)))
            return (position, *world.linked(position)), shown
        assert action.engine is not None
        hits = world.engine(action.engine).search([action.query], self.setup.topk)[0]
        return tuple(hit.index for hit in hits), world.snippets(action.query, hits)

    def _told(self, hop: int, spot: tuple[int, int | None], shown: tuple[int, int]) -> bool:
        """Whether a snippet displays a place where a hop is stated."""
        if spot[1] is not None:
            return spot == shown
        return spot[0] == shown[0] and holds(self.library.corpus, *shown, answers_of(self.question, hop))

    def _sightings(self, action: Action, shown: Shown) -> dict[int, str]:
        """Hops that a display shows for the first time, with the genre."""
        found: dict[int, str] = {}
        for position, sentence in shown:
            for hop, fact in enumerate(self.question.gold):
                for place in fact.attestations:
                    where = self.library.corpus.position[place.document], place.sentence
                    opened = where == (position, None) and isinstance(action, Open)
                    if hop not in self.seen and (opened or self._told(hop, where, (position, sentence))):
                        found.setdefault(hop, place.genre)
        return found

    def _keeps_route(self, hop: int, actions: Sequence[Action]) -> bool:
        found: dict[int, str] = {}
        for action in actions:
            found = self._sightings(action, self._result(action)[1]) | found
        return hop in found and (self.route is None or all(self.route[at] == genre for at, genre in found.items()))
