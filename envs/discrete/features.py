"""The observation: what the reader makes of an episode, in numbers between 0 and 1, so that strategy is left to learn.

``NAMES`` says what each number means; a slot's features are named ``slot3:byname``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from berrypick.corpora.builders.almanac.lexicon import RELATIONS
from berrypick.envs.discrete.choices import ENGINES, PAGES, QUERIES, SLOTS, TOGETHER
from berrypick.envs.discrete.codec import Codec
from berrypick.envs.discrete.slots import Slot
from berrypick.envs.reading.almanac import ALMANAC

Observation: TypeAlias = NDArray[np.float32]

#: Of a slot: it holds an entity; its known names; the question names it; the plan stands for it; it belongs to the
#: facts to look for first, or to later ones; what is sought of it is a subject; its page may be opened and was; a page
#: that lists the relation may be opened; which of its queries was sent to which engine.
SLOT: Final = (
    *("filled", "full", "initial", "byname", "asked", "answer", "sought", "later", "inverse"),
    *("page", "opened", "list"),
    *(f"{engine}:{form}" for engine in ENGINES for form in QUERIES),
)
_TOOLS: Final = (*ENGINES, "open")
_FORMS: Final = (*QUERIES, *TOGETHER, *PAGES)
_GENRES: Final = ("page", "list", "event", "register")
#: Most side by side facts that are told apart.
_MANY: Final = 4
#: Of the episode: shares of turns (this is the last) and searches that are left; the plan is solved; facts to look for
#: side by side, a quarter each; share of its steps that are open; it compares; what is sought first (relation,
#: direction); what the last turn did; share of each kind of page in what it displayed; which of the queries without a
#: slot was sent to which engine.
EPISODE: Final = (
    *("turns", "final", "searches", "solved", "unknowns", "steps", "compares"),
    *(f"sought:{relation}" for relation in RELATIONS),
    "sought:inverse",
    *(f"last:{tool}" for tool in _TOOLS),
    *(f"last:{form}" for form in _FORMS),
    *("last:invalid", "last:new", "last:moved"),
    *(f"last:shown:{genre}" for genre in _GENRES),
    *(f"{engine}:{form}" for engine in ENGINES for form in TOGETHER),
)
NAMES: Final = (*(f"slot{number}:{name}" for number in range(SLOTS) for name in SLOT), *EPISODE)


def _one_of(names: Collection[str]) -> dict[str, list[float]]:
    """One-hot codes, and that of no name."""
    return {name: [float(name == other) for other in names] for name in (*names, "")}


_ONE_OF_RELATIONS, _ONE_OF_TOOLS, _ONE_OF_FORMS = map(_one_of, (RELATIONS, _TOOLS, _FORMS))
_NOTHING: Final[frozenset[str]] = frozenset()
_EMPTY: Final = [0.0] * len(SLOT)
_UNSENT: Final = (0.0,) * (len(ENGINES) * len(QUERIES))


def observe(codec: Codec) -> Observation:
    """Return the features of an episode as it stands. Shape (len(NAMES),), float32, each in [0, 1]; a new array."""
    values: list[float] = []
    for slot, pages in zip(codec.slots, codec.pages, strict=True):
        values += _of_slot(codec, slot, pages)
    values += _EMPTY * (SLOTS - len(codec.slots))
    values += _of_plan(codec)
    values += _of_last(codec)
    return np.array(values, np.float32)


def _of_slot(codec: Codec, slot: Slot, pages: tuple[str, str]) -> list[float]:
    (full, initial, byname), group, unknown = slot.forms, slot.group, slot.unknown
    page, listed = pages
    return [
        1.0,
        full != "",
        initial != "",
        byname != "",
        slot.asked,
        group == 0,
        group == 1,
        group > 1,
        group > 0 and unknown is not None and unknown.inverse,
        page != "",
        full in codec.opened,
        listed != "",
        *_sent(codec, slot.queries.texts),
    ]


def _sent(codec: Codec, queries: tuple[str, ...]) -> Sequence[float]:
    if codec.done.keys().isdisjoint(queries):
        return _UNSENT[: len(ENGINES) * len(queries)]
    sent = [codec.done.get(query, _NOTHING) for query in queries]
    return [engine in engines for engine in ENGINES for engines in sent]


def _of_plan(codec: Codec) -> list[float]:
    names, unknowns = codec.progress
    setup, first = codec.setup, unknowns[0][0] if unknowns and unknowns[0] else None
    return [
        max(codec.turns_left, 0) / setup.max_turns,
        codec.turns_left <= 1,
        max(codec.searches_left, 0) / max(setup.search_budget, 1),
        names != [],
        min(len(unknowns[0]), _MANY) / _MANY if unknowns else 0.0,
        codec.open_steps / max(len(codec.steps), 1),
        codec.compares,
        *_ONE_OF_RELATIONS[first.relation if first else ""],
        first is not None and first.inverse,
    ]


def _of_last(codec: Codec) -> list[float]:
    last = codec.last
    genres = [ALMANAC.genre(passage.title) for passage in last.shown]
    return [
        *_ONE_OF_TOOLS[last.tool],
        *_ONE_OF_FORMS[last.form],
        last.invalid,
        last.new,
        last.moved,
        *(genres.count(genre) / max(len(genres), 1) for genre in _GENRES),
        *_sent(codec, codec.together.texts),
    ]
