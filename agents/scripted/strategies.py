"""Strategies: what to try, in order, for one unknown fact.

A strategy is a generator over the situation; the scripted agent takes its first action that has not been tried. Each
is one strategy, told apart by tool and by the form in which it asks; ``reformulate_on_miss`` alone goes
through several.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from berrypick.agents.scripted.situation import WORDINGS, Situation
from berrypick.envs.actions import Open, Search
from berrypick.envs.protocols import TOPK_LIMIT

Strategy = Callable[[Situation], Iterator[Search | Open]]


def names_only(at: Situation) -> Iterator[Search | Open]:
    """Search bare names, those of an intersection together, then read what bears them."""
    if at.unknown.inverse:
        yield from at.together()
    else:
        yield Search(at.name)
        yield from at.pages()


def names_words(at: Situation) -> Iterator[Search | Open]:
    """Search name and relation words; read snippets only."""
    if at.unknown.inverse:
        yield at.gist(at.name)
    for words in at.words():
        yield Search(f"{at.name} {words}")


def initial_form(at: Situation) -> Iterator[Search | Open]:
    """Search the lists: for the entry in its initial form, or for the list of the known object."""
    name = at.name if at.unknown.inverse else at.forms.initial or at.name
    yield Search(at.language.list_query(at.unknown, name))
    if at.unknown.inverse:
        yield from at.lists()
    else:
        yield Search(name)


def byname(at: Situation) -> Iterator[Search | Open]:
    """Look the byname up, then search it with relation words; bynames of objects are written nowhere."""
    if not at.unknown.inverse:
        yield from look_up(at)
    if name := at.name if at.unknown.inverse else at.forms.byname:
        yield at.gist(name)
        yield Search(name)


def open_and_read(at: Situation) -> Iterator[Search | Open]:
    """Open pages by their titles; search a title only to have it listed."""
    yield from at.pages()
    yield Search(at.language.list_query(at.unknown, at.name) if at.unknown.inverse else at.name)
    yield from at.lists()


def browse_by_links(at: Situation) -> Iterator[Search | Open]:
    """Open the entity's page, then whatever the open pages link to; never search."""
    yield from at.pages()
    for passage in at.knowledge.passages:
        yield from map(Open, passage.links)


def whole_question(at: Situation) -> Iterator[Search | Open]:
    """Search the question as it stands, then what is left of it as a question of its own."""
    yield Search(at.view.question)
    yield Search(at.language.question(at.unknown, at.name))


def dense_first(at: Situation) -> Iterator[Search | Open]:
    """Ask the dense engine for name and relation words, in one wording after another."""
    if "dense" in at.view.setup.engines:
        for words in at.words(1 + WORDINGS):
            yield Search(f"{at.name} {words}", "dense")


def reformulate_on_miss(at: Situation) -> Iterator[Search | Open]:
    """Go from one form and genre to the next until one of them brings the fact: the cheapest first, then wider."""
    ways = tuple((_subject if at.unknown.inverse else _object)(at))
    yield from ways
    if at.view.setup.engines[0] in at.view.unavailable:
        yield from elsewhere(at, ways)
    yield from dense_first(at)


def _subject(at: Situation) -> Iterator[Search | Open]:
    together = bool(at.joint) and at.language.joint
    if together:
        yield from itertools.islice(at.together(), 2)
    yield from initial_form(at)
    if not together:
        yield from map(wider, at.among_candidates())
    yield wider(at.gist(at.name))
    if together:
        yield from map(wider, at.identities())


def _object(at: Situation) -> Iterator[Search | Open]:
    if not at.forms.full and not at.forms.initial:
        yield from map(wider, byname(at))
        return
    yield from at.pages()
    yield Search(at.language.list_query(at.unknown, at.forms.initial or at.name))
    if not at.read:
        yield from map(wider, names_only(at))
    yield from map(wider, byname(at))
    yield from names_words(at)


def wider(action: Search | Open) -> Search | Open:
    """Ask for as many documents as there may be."""
    return Search(action.query, action.engine, TOPK_LIMIT) if isinstance(action, Search) else action


def look_up(at: Situation) -> Iterator[Search | Open]:
    """Learn the other names of an entity from the registers."""
    if "byname" not in at.language.forms or (at.forms.full and at.forms.byname):
        return
    yield at.register(at.name)


def elsewhere(at: Situation, ways: Sequence[Search | Open]) -> Iterator[Search]:
    """Put the same queries to the other engines."""
    for engine in at.view.setup.engines[1:]:
        yield from (Search(way.query, engine, TOPK_LIMIT) for way in ways if isinstance(way, Search))


class Script(NamedTuple):
    """A strategy, and the form of names without which it is none."""

    ways: Strategy
    form: str = "full"

    @property
    def help(self) -> str:
        """What it does, in one line."""
        return (self.ways.__doc__ or "").strip().rstrip(".")


STRATEGIES: Final[dict[str, Script]] = {
    "names-only": Script(names_only),
    "names+words": Script(names_words),
    "initial-form": Script(initial_form),
    "byname": Script(byname, "byname"),
    "open-and-read": Script(open_and_read),
    "browse-by-links": Script(browse_by_links),
    "whole-question": Script(whole_question),
    "dense-first": Script(dense_first),
    "reformulate-on-miss": Script(reformulate_on_miss),
}
