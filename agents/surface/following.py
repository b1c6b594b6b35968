"""What a question needs, fact by fact: which page is missing, and what the pages that were displayed say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from berrypick.agents.surface import reading
from berrypick.agents.surface.asking import ReadQuestion
from berrypick.agents.surface.lexicon import COMMON, ROLES
from berrypick.envs.reading.reader import Passage

#: Words by which a comparison asks for the earlier, or lesser, of two.
_EARLIER: Final = frozenset("first earlier earliest older oldest before former".split())
_DATED: Final = frozenset(
    "born birth older younger oldest youngest die died death released release come came out published founded formed "
    "established started opened created built first earlier later recently".split()
)


class Missing(NamedTuple):
    """A page that is looked for.

    Attributes:
        spellings: of its title, the likeliest first.
        words: of the fact that it should tell.
    """

    spellings: tuple[str, ...]
    words: tuple[str, ...]


class State(NamedTuple):
    """How far the displayed passages carry: an answer, or "", and what is missing, in order."""

    answer: str
    missing: tuple[Missing, ...]


def solve(asked: ReadQuestion, passages: Sequence[Passage]) -> State:
    """Work out what the passages say of a question; total."""
    if asked.kind in ("choice", "yes/no") and len(asked.choices) >= 2:
        return _compare(asked, passages)
    if asked.chain and asked.names:
        return _follow(asked, passages)
    return _gather(asked, passages)


def guess(asked: ReadQuestion) -> str:
    """The answer without any page: the first of a choice, else the commonest of its kind."""
    return asked.choices[0].spellings[-1] if asked.kind == "choice" and asked.choices else COMMON[asked.kind]


def pages_of(spellings: Sequence[str], passages: Sequence[Passage]) -> list[Passage]:
    """The passages about a thing, by any spelling of its name."""
    return next((found for name in spellings if (found := reading.about(name, passages))), [])


def value(kind: str, pages: Sequence[Passage], asked: ReadQuestion) -> str:
    """What pages say of the kind of thing that is asked; "" for nothing."""
    if kind in ("nationality", "country"):
        return reading.country(pages)[0]
    read = _READERS.get(kind)
    return read(pages, asked) if read else reading.name(pages, asked.words, asked.text)


_READERS: Final[dict[str, Callable[[Sequence[Passage], ReadQuestion], str]]] = {
    "date": lambda pages, asked: reading.date(pages, asked.words),
    "year": lambda pages, asked: reading.date(pages, asked.words, year=True),
    "place": lambda pages, asked: reading.place(pages, asked.words),
    "number": lambda pages, asked: reading.number(pages, asked.words),
}


class _Walk(NamedTuple):
    """Where following roles from a name led: a name, or the page that is missing on the way."""

    spellings: tuple[str, ...]
    missing: Missing | None


def _walk(spellings: tuple[str, ...], chain: Sequence[str], asked: ReadQuestion, passages: Sequence[Passage]) -> _Walk:
    for role in chain:
        pages = pages_of(spellings, passages)
        found = reading.role(role, spellings, pages)
        if not found:
            return _Walk(spellings, Missing(spellings, (role, *ROLES[role][:1])))
        spellings = (found,)
    return _Walk(spellings, None)


def _follow(asked: ReadQuestion, passages: Sequence[Passage]) -> State:
    """Follow the roles from the name that stands behind them, then read what is asked."""
    is_person = asked.kind == "name" and asked.text.lower().startswith("who")
    walks = [_walk(name.spellings, asked.chain, asked, passages) for name in asked.names]
    arrived = [walk.spellings for walk in walks if walk.missing is None]
    missing = tuple(walk.missing for walk in walks if walk.missing is not None)
    for spellings in arrived:
        if is_person:
            return State(spellings[0], ())
        pages = pages_of(spellings, passages)
        if pages and (answer := value(asked.kind, pages, asked)):
            return State(answer, ())
        return State("", (Missing(spellings, asked.words),))
    return State("", missing)


def _compare(asked: ReadQuestion, passages: Sequence[Passage]) -> State:
    """Read the same of two things and compare."""
    one, other = asked.choices[-2:] if asked.kind == "choice" else asked.choices[:2]
    read = _attribute(asked)
    values, missing = list[str](), list[Missing]()
    for name in (one, other):
        walk = _walk(name.spellings, asked.chain[:1], asked, passages)
        pages = pages_of(walk.spellings, passages)
        found = read(pages) if walk.missing is None and pages else ""
        values.append(found)
        if not found:
            missing.append(walk.missing or Missing(walk.spellings, asked.words))
    if missing:
        return State("", tuple(missing))
    if asked.kind == "yes/no":
        return State("yes" if values[0] == values[1] != "no" else "no", ())
    earlier = bool(_EARLIER & {*asked.words}) and not {"younger", "youngest"} & {*asked.words}
    days = [reading.day(text) for text in values]
    picked = one if (days[0] <= days[1]) == earlier else other
    return State(picked.spellings[-1], ())


def _attribute(asked: ReadQuestion) -> Callable[[Sequence[Passage]], str]:
    """What a comparison compares."""
    words = {*asked.words}
    if asked.kind == "yes/no" and words & {"nationality", "country", "countries", "nation"}:
        return lambda pages: reading.country(pages)[1]
    if asked.kind == "yes/no":
        return lambda pages: "yes" if reading.says(pages, [word for word in asked.words if word != "both"]) else "no"
    if words & _DATED:
        return partial(reading.date, words=asked.words)
    return lambda pages: reading.number(pages, asked.words)


def _gather(asked: ReadQuestion, passages: Sequence[Passage]) -> State:
    """Read the pages of all names, then the page of the name that they add, and take what fits best."""
    missing = [Missing(name.spellings, asked.words) for name in asked.names if not pages_of(name.spellings, passages)]
    if not passages:
        return State("", tuple(missing) or (Missing((asked.text,), ()),))
    bridge = reading.name(passages, asked.words, asked.text)
    if bridge and not reading.about(bridge, passages):
        missing.append(Missing((bridge,), asked.words))
    return State("" if missing else best(asked, passages), tuple(missing))


def best(asked: ReadQuestion, passages: Sequence[Passage]) -> str:
    """The answer that fits best in everything displayed; "" for none."""
    if asked.kind in ("yes/no", "choice"):
        return guess(asked) if passages else ""
    return value(asked.kind, list(_newest(passages)), asked)


def _newest(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Whole pages first, the later before the earlier: what was looked for last lies nearest to the answer."""
    yield from sorted(reversed(passages), key=lambda passage: not passage.opened)
