"""What a question tells before anything was displayed; remembered, as questions come again and again in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from berrypick.corpora.answerability import plans
from berrypick.corpora.answerability.plans import Both, Node, Step, Winner
from berrypick.envs.discrete.slots import Queries, Slot, asking, choose
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Progress, solve
from berrypick.envs.worlds import names_title


class Opening(NamedTuple):
    """A question and its plan.

    Attributes:
        question: as asked.
        goal: the plan; None where the question is not in Almanac's language.
        names: those that the question holds.
        together: the queries of ``choices.TOGETHER``.
        steps: how many facts and comparisons the plan consists of.
        compares: one of them is a comparison.
    """

    question: str
    goal: Node | None
    names: tuple[str, ...]
    together: Queries
    steps: int
    compares: bool

    def solve(self, knowledge: Knowledge) -> tuple[Progress, int]:
        """How far facts carry the plan, and how many of its steps they leave open."""
        if self.goal is None:
            return Progress([], []), 0
        progress = solve(self.goal, knowledge)
        return progress, 0 if progress.names else _open(self.goal, knowledge)

    def pages(self, knowledge: Knowledge, slots: Sequence[Slot], lists: Sequence[str]) -> list[tuple[str, str]]:
        """For each slot, what each of ``choices.PAGES`` opens, "" where there is no such page.

        Args:
            knowledge: what was displayed so far.
            slots: the slots.
            lists: titles of the lists displayed and not yet opened.
        """
        return [(self._page(knowledge, slot), _list(slot, lists)) for slot in slots]

    def _page(self, knowledge: Knowledge, slot: Slot) -> str:
        full = slot.forms.full
        return full if full in knowledge.titles or (slot.asked and full and _named(self.question, full)) else ""


class Start(NamedTuple):
    """Where every episode of a question starts; see ``Codec`` for the parts."""

    opening: Opening
    progress: Progress
    open_steps: int
    slots: list[Slot]
    pages: list[tuple[str, str]]


@lru_cache(maxsize=4096)
def start(question: str) -> Start:
    """Read a question. What is returned is shared: it may not be changed."""
    goal = ALMANAC.plan(question)
    names = tuple(plans.names(goal)) if goal else ()
    together = asking((question, " ".join(names) if len(names) > 1 else ""))
    steps = tuple(_steps(goal)) if goal else ()
    compares = any(isinstance(step, Winner) for step in steps)
    opening = Opening(question, goal, names, together, len(steps), compares)
    knowledge = Knowledge(ALMANAC, names)
    progress, open_steps = opening.solve(knowledge)
    slots = choose(knowledge, progress, names)
    return Start(opening, progress, open_steps, slots, opening.pages(knowledge, slots, ()))


def _steps(node: Node) -> Iterator[Node]:
    """Every part of a plan that something has to be found for."""
    match node:
        case Step(of=of):
            yield from _steps(of)
            yield node
        case Both(one=one, other=other):
            yield from _steps(one)
            yield from _steps(other)
        case Winner():
            yield node


def _open(node: Node, knowledge: Knowledge) -> int:
    """How many steps an unsolved plan leaves open: its own, and those before it that are unsolved too."""
    match node:
        case Step(of=of):
            return 1 if solve(of, knowledge).names else 1 + _open(of, knowledge)
        case Both(one=one, other=other):
            return sum(_open(part, knowledge) for part in (one, other) if not solve(part, knowledge).names)
        case Winner():
            return 1
    return 0


@lru_cache(maxsize=65536)
def _named(question: str, title: str) -> bool:
    return names_title(question, title)


def _list(slot: Slot, lists: Sequence[str]) -> str:
    """The first page that lists what is sought of a slot."""
    unknown, name = slot.unknown, slot.forms.best
    if not lists or unknown is None or not unknown.inverse:
        return ""
    return next((title for title in lists if ALMANAC.is_list(title, unknown, name)), "")
