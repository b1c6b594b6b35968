"""Text to numbers and back: what a text agent sees of an episode, as slots, legal actions and their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from berrypick.corpora import plans
from berrypick.corpora.plans import Node, Step, Winner
from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.discrete.choices import CHOICES, ENGINES, PAGES, PER_SLOT, QUERIES, SLOTS, TOGETHER
from berrypick.envs.discrete.slots import Slot, asking, choose
from berrypick.envs.observe import Setup
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Progress, solve
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import View
from berrypick.envs.worlds import names_title

Mask: TypeAlias = NDArray[np.bool_]


class Last(NamedTuple):
    """What the last turn did.

    Attributes:
        tool: one of ``ENGINES``, ``open``, or "" for anything else.
        form: one of ``QUERIES``, ``TOGETHER`` or ``PAGES``, "" where it has none of them.
        invalid: it was no action.
        shown: what it displayed.
        new: a fact among it was new.
        moved: what there is to look for is not what it was before.
    """

    tool: str = ""
    form: str = ""
    invalid: bool = False
    shown: tuple[Passage, ...] = ()
    new: bool = False
    moved: bool = False


class Codec:
    """An episode as numbers, a function of its text alone: ``see`` every turn, and it is up to date.

    Args:
        setup: engines and budgets of the episode.
        question: as asked. Where it is not in Almanac's language, only what is displayed fills slots.

    Attributes:
        together: the queries of ``TOGETHER``.
        steps: the facts and comparisons that the question's plan consists of.
        compares: one of them is a comparison.
        knowledge: what was displayed so far.
        progress: how far it carries the plan.
        open_steps: how many of the steps it leaves open.
        slots: the entities that can be acted on, at most ``SLOTS``.
        pages: for each slot, what each of ``PAGES`` opens, "" where there is no such page.
        done: query -> kinds of engine that it was sent to.
        opened: titles that were asked for.
        last: what the last turn did.
    """

    def __init__(self, setup: Setup, question: str) -> None:
        self.setup, self.question = setup, question
        self._engines = {kind: _engine(kind, setup.engines) for kind in ENGINES}
        self._goal = ALMANAC.plan(question)
        self._asked = plans.names(self._goal) if self._goal else []
        self.together = asking((question, " ".join(self._asked)))
        self.steps = tuple(_steps(self._goal)) if self._goal else ()
        self.compares = any(isinstance(step, Winner) for step in self.steps)
        self.knowledge = Knowledge(ALMANAC, self._asked)
        self.turns = self.searches = 0
        self.done: dict[str, set[str]] = {}
        self.opened: set[str] = set()
        self.last = Last()
        self._think()
        self._fill()
        self._leaf()
        self._mask = self._legal()

    @classmethod
    def of(cls, view: View) -> Codec:
        """Read a whole episode so far."""
        codec = cls(view.setup, view.question)
        for action, shown in zip(view.actions, view.shown, strict=True):
            codec.see(action, shown)
        return codec

    @property
    def turns_left(self) -> int:
        """Turns that remain."""
        return self.setup.max_turns - self.turns

    @property
    def searches_left(self) -> int:
        """Searches that remain."""
        return self.setup.search_budget - self.searches

    def see(self, action: Action, shown: Sequence[Passage]) -> None:
        """Take in a turn: what was done and what it displayed."""
        tool, form = self._recognise(action)
        before, passages, facts = self.progress, len(self.knowledge.passages), len(self.knowledge.facts)
        self.turns += 1
        if isinstance(action, Search):
            self.searches += 1
            self.done.setdefault(action.query, set()).add(tool)
        elif isinstance(action, Open):
            self.opened.add(action.title)
        for passage in shown:
            self.knowledge.see(passage)
        new = len(self.knowledge.facts) > facts
        if new:
            self._think()
        if len(self.knowledge.passages) > passages:
            self._fill()
        if len(self.knowledge.passages) > passages or isinstance(action, Open):
            self._leaf()
        self._mask = self._legal()
        self.last = Last(tool, form, isinstance(action, Invalid), tuple(shown), new, self.progress != before)

    def mask(self) -> Mask:
        """Which actions are legal: valid turns, as far as the text tells. Shape (len(CHOICES),); a new array."""
        return self._mask.copy()

    def action(self, number: int) -> Search | Open | Answer | None:
        """Return what an action does, None where it is illegal."""
        if not self._mask[number]:
            return None
        tool, place, form = CHOICES[number]
        if place is None:
            return Search(self.together.texts[TOGETHER.index(form)], self._engines[tool])
        slot = self.slots[place]
        if tool in ENGINES:
            return Search(slot.queries.texts[QUERIES.index(form)], self._engines[tool])
        return Open(self.pages[place][PAGES.index(form)]) if tool == "open" else Answer(slot.forms.best)

    def _recognise(self, action: Action) -> tuple[str, str]:
        """The tool and the form of an action, whoever wrote it."""
        if isinstance(action, Search):
            engine = (action.engine or self.setup.engines[0]).partition(":")[0]
            for names, texts in (
                (TOGETHER, self.together.texts),
                *((QUERIES, slot.queries.texts) for slot in self.slots),
            ):
                if action.query in texts:
                    return engine, names[texts.index(action.query)]
            return engine, ""
        if isinstance(action, Open):
            page = any(slot.forms.full == action.title for slot in self.slots)
            return "open", PAGES[0] if page else PAGES[1] if ALMANAC.genre(action.title) == "list" else ""
        return "", ""

    def _think(self) -> None:
        self.progress = solve(self._goal, self.knowledge) if self._goal else Progress([], [])
        self.open_steps = sum(not solve(step, self.knowledge).names for step in self.steps)

    def _fill(self) -> None:
        self.slots = choose(self.knowledge, self.progress, self._asked)
        self._lists = [title for title in self.knowledge.titles if ALMANAC.genre(title) == "list"]

    def _leaf(self) -> None:
        unread = [title for title in self._lists if title not in self.opened]
        self.pages = [(self._page(slot), _list(slot, unread)) for slot in self.slots]

    def _legal(self) -> Mask:
        bm25, dense = (name is not None and self.searches_left > 0 for name in self._engines.values())

        def searches(legal: bytes) -> bytes:
            nothing = bytes(len(legal))
            return (legal if bm25 else nothing) + (legal if dense else nothing)

        rows = [
            searches(slot.queries.legal) + bytes((page != "", listed != "", True))
            for slot, (page, listed) in zip(self.slots, self.pages, strict=True)
        ]
        empty = bytes(PER_SLOT * (SLOTS - len(rows)))
        return np.frombuffer(b"".join((*rows, empty, searches(self.together.legal))), bool)

    def _page(self, slot: Slot) -> str:
        full = slot.forms.full
        return full if full and (full in self.knowledge.titles or _named(self.question, full)) else ""


def _list(slot: Slot, lists: Sequence[str]) -> str:
    """The first page that lists what is sought of a slot."""
    unknown, name = slot.unknown, slot.forms.best
    if not lists or unknown is None or not unknown.inverse:
        return ""
    return next((title for title in lists if ALMANAC.is_list(title, unknown, name)), "")


@lru_cache(maxsize=65536)
def _named(question: str, title: str) -> bool:
    return names_title(question, title)


def _engine(kind: str, engines: Sequence[str]) -> str | None:
    """The first engine of a kind."""
    return next((name for name in engines if name.partition(":")[0] == kind), None)


def _steps(node: Node) -> Iterator[Node]:
    """Every part of a plan that something has to be found for."""
    match node:
        case Step(of=of):
            yield from _steps(of)
            yield node
        case plans.Both(one=one, other=other):
            yield from _steps(one)
            yield from _steps(other)
        case Winner():
            yield node
