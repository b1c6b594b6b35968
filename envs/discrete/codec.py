"""Text to numbers and back: what a text agent sees of an episode, as slots, legal actions and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.discrete.choices import CHOICES, ENGINES, PAGES, PER_SLOT, QUERIES, SLOTS, TOGETHER
from berrypick.envs.discrete.opening import start
from berrypick.envs.discrete.slots import choose
from berrypick.envs.observations import Setup
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import View, unavailable_in

Mask: TypeAlias = NDArray[np.bool_]

_ILLEGAL: Final = bytes(len(QUERIES))


class Last(NamedTuple):
    """What the last turn did.

    Attributes:
        tool: one of ``ENGINES``, ``open``, or "" for anything else.
        form: one of ``QUERIES``, ``TOGETHER`` or ``PAGES``, "" where it has none of them.
        invalid: it was no action, or one that was refused.
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
        opening: the question and its plan.
        knowledge: what was displayed so far.
        progress: how far it carries the plan.
        open_steps: how many of the plan's steps it leaves open.
        slots: the entities that can be acted on, at most ``SLOTS``.
        pages: for each slot, what each of ``PAGES`` opens, "" where there is no such page.
        done: query -> kinds of engine that it was sent to.
        opened: titles that were asked for.
        last: what the last turn did.
    """

    def __init__(self, setup: Setup, question: str) -> None:
        self.setup = setup
        self.opening, self.progress, self.open_steps, self.slots, self.pages = start(question)
        self.knowledge = Knowledge(ALMANAC, self.opening.names)
        self.turns = self.searches = 0
        self.done: dict[str, set[str]] = {}
        self.opened: set[str] = set()
        self.last = Last()
        self._engines = {kind: _engine(kind, setup.engines) for kind in ENGINES}
        self._unavailable, self._gone = set[str](), set[str]()
        self._titles, self._lists = 0, list[str]()
        self._mask = self._legal()

    @classmethod
    def of(cls, view: View) -> Codec:
        """Read a whole episode so far."""
        codec = cls(view.setup, view.question)
        for action, shown, refusal in zip(view.actions, view.shown, view.refusals, strict=True):
            codec.see(action, shown, refusal)
        return codec

    @property
    def turns_left(self) -> int:
        """Turns that remain."""
        return self.setup.max_turns - self.turns

    @property
    def searches_left(self) -> int:
        """Searches that remain."""
        return self.setup.search_budget - self.searches

    def see(self, action: Action, shown: Sequence[Passage], refusal: str = "") -> None:
        """Take in a turn: what was done, what it displayed, and why it was not carried out, if so."""
        tool, form = self._recognise(action)
        before, passages, facts = self.progress, len(self.knowledge.passages), len(self.knowledge.facts)
        self.turns += 1
        if isinstance(action, Search):
            self.searches += not refusal
            self.done.setdefault(action.query, set()).add(tool)
        elif isinstance(action, Open):
            self.opened.add(action.title)
            if refusal:
                self._gone.add(action.title)
        for passage in shown:
            self.knowledge.see(passage)
        new = len(self.knowledge.facts) > facts
        if new:
            self.progress, self.open_steps = self.opening.solve(self.knowledge)
        if len(self.knowledge.passages) > passages:
            self.slots = choose(self.knowledge, self.progress, self.opening.names)
        if len(self.knowledge.passages) > passages or isinstance(action, Open):
            self.pages = self.opening.pages(self.knowledge, self.slots, self._unread())
        if broken := unavailable_in(refusal):
            self._unavailable.add(broken)
        self._mask = self._legal()
        invalid = isinstance(action, Invalid) or refusal != ""
        self.last = Last(tool, form, invalid, tuple(shown), new, self.progress != before)

    def mask(self) -> Mask:
        """Which actions are legal: valid turns, as far as the text tells. Shape (len(CHOICES),); a new array."""
        return self._mask.copy()

    def action(self, number: int) -> Search | Open | Answer | None:
        """Return what an action does, None where it is illegal."""
        if not self._mask[number]:
            return None
        tool, place, form = CHOICES[number]
        if place is None:
            return Search(self.opening.together.texts[TOGETHER.index(form)], self._engines[tool])
        slot = self.slots[place]
        if tool in ENGINES:
            return Search(slot.queries.texts[QUERIES.index(form)], self._engines[tool])
        return Open(self.pages[place][PAGES.index(form)]) if tool == "open" else Answer(slot.forms.best)

    def _recognise(self, action: Action) -> tuple[str, str]:
        """The tool and the form of an action, whoever wrote it."""
        if isinstance(action, Search):
            kind = (action.engine or self.setup.engines[0]).partition(":")[0]
            engine = kind if kind in ENGINES else ""
            return engine, self._form(action.query)
        if isinstance(action, Open):
            page = any(slot.forms.full == action.title for slot in self.slots)
            return "open", PAGES[0] if page else PAGES[1] if ALMANAC.genre(action.title) == "list" else ""
        return "", ""

    def _form(self, query: str) -> str:
        for slot in self.slots:
            if query in slot.queries.texts:
                return QUERIES[slot.queries.texts.index(query)]
        texts = self.opening.together.texts
        return TOGETHER[texts.index(query)] if query in texts else ""

    def _unread(self) -> list[str]:
        """The displayed lists that were not opened."""
        fresh = list(islice(self.knowledge.titles, self._titles, None))
        self._titles += len(fresh)
        self._lists += [title for title in fresh if ALMANAC.genre(title) == "list"]
        return [title for title in self._lists if title not in self.opened]

    def _legal(self) -> Mask:
        searches, broken = self.searches_left > 0, self._unavailable
        bm25, dense = (searches and name is not None and name not in broken for name in self._engines.values())
        opens = "open" not in broken
        rows = []
        for slot, (page, listed) in zip(self.slots, self.pages, strict=True):
            legal = slot.queries.legal
            reads = bytes((*(opens and title != "" and title not in self._gone for title in (page, listed)), True))
            rows += [legal if bm25 else _ILLEGAL, legal if dense else _ILLEGAL, reads]
        rows.append(bytes(PER_SLOT * (SLOTS - len(self.slots))))
        legal = self.opening.together.legal
        rows += [legal if engine else bytes(len(legal)) for engine in (bm25, dense)]
        return np.frombuffer(b"".join(rows), bool)


def _engine(kind: str, engines: Sequence[str]) -> str | None:
    """The first engine of a kind."""
    return next((name for name in engines if name.partition(":")[0] == kind), None)
