"""Which entities can be acted on, and how each can be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from berrypick.corpora.builders.almanac.lexicon import ALIAS
from berrypick.envs.discrete.choices import SLOTS
from berrypick.envs.protocols import QUERY_LIMIT
from berrypick.envs.reading.almanac import ALMANAC
from berrypick.envs.reading.knowledge import Knowledge
from berrypick.envs.reading.plan import Progress, Unknown
from berrypick.envs.reading.reader import Forms


class Queries(NamedTuple):
    """How an entity can be asked for.

    Attributes:
        texts: what each of ``choices.QUERIES`` searches for, "" where a name or a relation is not known.
        legal: which of them there are, a byte each.
    """

    texts: tuple[str, ...]
    legal: bytes


class Slot(NamedTuple):
    """An entity, or a year.

    Attributes:
        forms: its known names.
        group: 0 where the plan stands for it, so that it is an answer; n where it belongs to the nth group of facts to
            look for; -1 for any other.
        unknown: the fact to look for, without the entity: its own, else the first of the plan, None when solved.
        asked: whether the question names it.
        queries: how it can be asked for.
    """

    forms: Forms
    group: int
    unknown: Unknown | None
    asked: bool
    queries: Queries


def choose(knowledge: Knowledge, progress: Progress, asked: Iterable[str]) -> list[Slot]:
    """Choose the entities nearest to the plan's goal; the others give way.

    First what the plan stands for, then the entities of the facts to look for, group by group, then those that the
    question names, then whatever was displayed, in order of appearance.
    """
    named = dict.fromkeys(map(knowledge.key, asked))
    groups: dict[str, tuple[int, Unknown | None]] = {knowledge.key(name): (0, None) for name in progress.names}
    for number, group in enumerate(progress.unknowns, 1):
        for unknown in group:
            groups.setdefault(knowledge.key(unknown.entity), (number, bare(unknown)))
    first = next((unknown for _, unknown in groups.values() if unknown), None)
    slots = []
    for key in islice(dict.fromkeys(chain(groups, named, knowledge.keys)), SLOTS):
        number, own = groups.get(key, (-1, None))
        forms, sought = knowledge.forms(key), own or first
        slots.append(Slot(forms, number, sought, key in named, queries(forms, sought)))
    return slots


def bare(unknown: Unknown) -> Unknown:
    """What is sought, of whomever."""
    return Unknown("", unknown.relation, unknown.inverse)


@lru_cache(maxsize=65536)
def queries(forms: Forms, unknown: Unknown | None) -> Queries:
    """Write every query of ``choices.QUERIES`` about an entity."""
    full, initial, byname = forms

    def words(name: str) -> str:
        return f"{name} {_words(unknown, name)}" if name and unknown else ""

    def listed(name: str) -> str:
        return ALMANAC.list_query(unknown, name) if name and unknown else ""

    texts = (
        full,
        words(full),
        listed(full),
        _register(full),
        initial,
        words(initial),
        listed(initial),
        byname,
        words(byname),
        _register(byname),
    )
    return asking(texts)


def asking(texts: Iterable[str]) -> Queries:
    """Queries from their texts; what is too long to be searched for is left out."""
    written = tuple(text if text.strip() and len(text) <= QUERY_LIMIT else "" for text in texts)
    return Queries(written, bytes(map(bool, written)))


def _words(unknown: Unknown, name: str) -> str:
    """Relation words that fit beside a name: every word where pages bear the name, one a wording where they do not."""
    few = unknown.inverse or ALMANAC.form(name) == "byname"
    return ALMANAC.gist(unknown) if few else ALMANAC.words(unknown)[0]


def _register(name: str) -> str:
    return f"{ALMANAC.words(Unknown(name, ALIAS))[0]} {name}" if name else ""
