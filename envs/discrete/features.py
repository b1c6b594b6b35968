"""The observation: what the reader makes of an episode, in numbers between 0 and 1, so that strategy is left to learn.

``NAMES`` says what each number means; a slot's features are named ``slot3:byname``.
"""

from __future__ import annotations

from collections.abc import Collection
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
#: Of the episode, yes or no: this is the last turn; the plan is solved; it compares; what is sought first (relation,
#: direction); what the last turn did; which of the queries without a slot was sent to which engine.
EPISODE: Final = (
    *("final", "solved", "compares"),
    *(f"sought:{relation}" for relation in RELATIONS),
    "sought:inverse",
    *(f"last:{tool}" for tool in _TOOLS),
    *(f"last:{form}" for form in _FORMS),
    *("last:invalid", "last:new", "last:moved"),
    *(f"{engine}:{form}" for engine in ENGINES for form in TOGETHER),
)
#: Of the episode: shares of turns, searches and steps of the plan that are left; facts to look for side by side, a
#: quarter each; share of each kind of page in what the last turn displayed.
SHARES: Final = ("turns", "searches", "steps", "unknowns", *(f"last:shown:{genre}" for genre in _GENRES))
NAMES: Final = (*(f"slot{number}:{name}" for number in range(SLOTS) for name in SLOT), *EPISODE, *SHARES)


def _one_of(names: Collection[str]) -> dict[str, bytes]:
    """One-hot codes, and that of no name."""
    return {name: bytes(name == other for other in names) for name in (*names, "")}


_ONE_OF_RELATIONS, _ONE_OF_TOOLS, _ONE_OF_FORMS = map(_one_of, (RELATIONS, _TOOLS, _FORMS))
_NOTHING: Final[frozenset[str]] = frozenset()
_UNSENT: Final = bytes(len(ENGINES) * len(QUERIES))


def observe(codec: Codec) -> Observation:
    """Return the features of an episode as it stands. Shape (len(NAMES),), float32, each in [0, 1]; a new array."""
    # What is yes or no goes by bytes: an array of so many Python numbers takes longer than all else here.
    parts = [_of_slot(codec, slot, pages) for slot, pages in zip(codec.slots, codec.pages, strict=True)]
    parts.append(bytes(len(SLOT) * (SLOTS - len(parts))))
    parts.append(_of_episode(codec))
    observation = np.empty(len(NAMES), np.float32)
    observation[: -len(SHARES)] = np.frombuffer(b"".join(parts), np.uint8)
    observation[-len(SHARES) :] = _shares(codec)
    return observation


def _of_slot(codec: Codec, slot: Slot, pages: tuple[str, str]) -> bytes:
    (full, initial, byname), group, unknown = slot.forms, slot.group, slot.unknown
    page, listed = pages
    flags = (
        True,
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
    )
    queries = slot.queries.texts
    return bytes(flags) + (_UNSENT if codec.done.keys().isdisjoint(queries) else _sent(codec, queries))


def _sent(codec: Codec, queries: tuple[str, ...]) -> bytes:
    sent = [codec.done.get(query, _NOTHING) for query in queries]
    return bytes([engine in engines for engine in ENGINES for engines in sent])


def _of_episode(codec: Codec) -> bytes:
    names, unknowns = codec.progress
    last, first = codec.last, unknowns[0][0] if unknowns and unknowns[0] else None
    return b"".join(
        (
            bytes((codec.turns_left <= 1, names != [], codec.opening.compares)),
            _ONE_OF_RELATIONS[first.relation if first else ""],
            bytes((first is not None and first.inverse,)),
            _ONE_OF_TOOLS[last.tool],
            _ONE_OF_FORMS[last.form],
            bytes((last.invalid, last.new, last.moved)),
            _sent(codec, codec.opening.together.texts),
        )
    )


def _shares(codec: Codec) -> list[float]:
    setup, unknowns = codec.setup, codec.progress.unknowns
    genres = [ALMANAC.genre(passage.title) for passage in codec.last.shown]
    return [
        max(codec.turns_left, 0) / setup.max_turns,
        max(codec.searches_left, 0) / max(setup.search_budget, 1),
        codec.open_steps / max(codec.opening.steps, 1),
        min(len(unknowns[0]), _MANY) / _MANY if unknowns else 0.0,
        *[genres.count(genre) / max(len(genres), 1) for genre in _GENRES],
    ]
