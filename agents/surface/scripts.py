"""Ways of looking for a page when all that is known is its name: by title, by name, with the question's noun, ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from berrypick.agents.surface.following import Missing, pages_of
from berrypick.envs.actions import Open, Search
from berrypick.envs.reading.reader import Passage
from berrypick.envs.reading.view import View

Way = Callable[[Missing, View], Iterator[Search | Open]]

#: Hits of the whole question that are opened where none bears the name.
_MOST_OPENED: Final = 2


def titles(missing: Missing, view: View) -> Iterator[Search | Open]:
    """Open what the question, or a page, names, by its title."""
    yield from map(Open, missing.spellings)


def names(missing: Missing, view: View) -> Iterator[Search | Open]:
    """Search the name, then open the hit that bears it."""
    yield from _searched(Search(missing.spellings[0]), missing, view)


def noun_and_name(missing: Missing, view: View) -> Iterator[Search | Open]:
    """Search the name with the question's words for what is asked of it; read snippets."""
    yield Search(_with_words(missing))


def dense(missing: Missing, view: View) -> Iterator[Search | Open]:
    """Ask the dense engine for the name with the question's words, then open the hit that bears it."""
    if "dense" in view.setup.engines:
        yield from _searched(Search(_with_words(missing), "dense"), missing, view)


def whole_question(missing: Missing, view: View) -> Iterator[Search | Open]:
    """Search the question as it stands, then open the hit that bears the name, or the first ones."""
    query = Search(view.question)
    yield from _searched(query, missing, view)
    hits = [passage.title for passage in _shown(query, view)]
    yield from map(Open, hits[:_MOST_OPENED])


def _with_words(missing: Missing) -> str:
    return " ".join((missing.spellings[0], *missing.words))


def _searched(query: Search, missing: Missing, view: View) -> Iterator[Search | Open]:
    yield query
    yield from (Open(hit.title) for hit in pages_of(missing.spellings, _shown(query, view))[:1])


def _shown(query: Search, view: View) -> tuple[Passage, ...]:
    for action, shown in zip(view.actions, view.shown, strict=True):
        if action == query:
            return shown
    return ()


class Script(NamedTuple):
    """Ways that are tried in turn for every page that is missing."""

    ways: tuple[Way, ...]
    help: str


SCRIPTS: Final[dict[str, Script]] = {
    "whole-question": Script((whole_question,), "search the question as it stands, open the first hits"),
    "titles": Script((titles,), "open the titles that the question names, and those that they name; never search"),
    "noun+name": Script((noun_and_name,), "search each name with the question's words; read snippets alone"),
    "two-hop": Script((titles, names, noun_and_name, dense), "open titles, else search the names, then what they add"),
}

#: What the mixture over hops draws from, by number: one way of looking for a page each.
WAYS: Final[tuple[Way, ...]] = (titles, names, noun_and_name, dense, whole_question)
