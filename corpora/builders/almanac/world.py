"""One procedural world: who exists and what is true. Nothing here knows how it is written down."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from berrypick.corpora.builders.almanac.inventory import ADJECTIVES, POOLS, YEARS, Pool
from berrypick.corpora.builders.almanac.lexicon import RELATIONS
from berrypick.records import Entity

#: Share of full names per split, in tenths: a name belongs to one split in every world of every seed.
NAME_SHARES: Final = {"train": range(0, 4), "dev": range(4, 6), "test": range(6, 10)}
#: Of all entities of a kind, the share that may be the object of a person-valued relation: few, so that rosters fill.
PROMINENT: Final = 0.2
#: Share of the subjects of which the relation holds at all (1 where not named).
HOLDS: Final = {"mentored_by": 0.8, "married_to": 0.6, "twinned_with": 0.6}
#: Relations whose object is one of the few prominent people; the others draw from everybody.
FROM_FEW: Final = frozenset({"mentored_by", "owned_by", "created_by"})


@dataclass(frozen=True)
class Fact:
    """``subject relation object``, by position among the world's entities; years are literals."""

    subject: int
    relation: str
    object: int | str


@dataclass(frozen=True)
class World:
    """Entities and facts.

    Attributes:
        entities: with full name, initial form, byname and kind; all unique within the world.
        facts: each (subject, relation) has one object; symmetric relations are held in both directions.
    """

    entities: tuple[Entity, ...]
    facts: tuple[Fact, ...]

    def name(self, value: int | str) -> str:
        """Full name of an entity, or the literal itself."""
        return value if isinstance(value, str) else self.entities[value].full


def short(entity: Entity) -> str:
    """What a page calls its own subject after the first mention."""
    return entity.full.split()[0]


@dataclass
class Names:
    """What entities may be called: the inventories, and what is taken. Worlds that share it share no name.

    Attributes:
        pools: kind to what its names are made of.
        taken: initial forms in use; full names are told apart by them, too.
    """

    pools: Mapping[str, Pool] = field(default_factory=lambda: POOLS)
    taken: set[str] = field(default_factory=set)

    def bynames(self, roles: tuple[str, ...], count: int, draw: np.random.Generator) -> list[str]:
        """Draw ``count`` bynames that differ from each other."""
        pairs = [f"the {adjective} {role}" for adjective in ADJECTIVES for role in roles]
        if count > len(pairs) // 2:
            pairs += [f"the {a} {b} {role}" for a in ADJECTIVES for b in ADJECTIVES if a != b for role in roles]
        return [pairs[i] for i in draw.choice(len(pairs), size=count, replace=False)]


def make_world(sizes: dict[str, int], split: str, draw: np.random.Generator, names: Names | None = None) -> World:
    """Draw a world with ``sizes[kind]`` entities of each kind, under ``names`` that are still free."""
    names = Names() if names is None else names
    entities = tuple(entity for kind, count in sizes.items() for entity in _entities(kind, count, split, draw, names))
    members = {kind: [i for i, entity in enumerate(entities) if entity.kind == kind] for kind in sizes}
    facts = tuple(fact for relation in RELATIONS for fact in _facts(relation, members, draw))
    return World(entities, facts)


def name_split(full: str) -> str:
    """The split that a full name belongs to."""
    tenth = hashlib.sha256(full.encode()).digest()[0] % 10
    return next(split for split, tenths in NAME_SHARES.items() if tenth in tenths)


def _entities(kind: str, count: int, split: str, draw: np.random.Generator, names: Names) -> Iterator[Entity]:
    """Name ``count`` entities so that full names, initial forms and bynames are unique.

    A world uses few stems, so that each is shared by several entities whose initials differ: a query by initial form
    must not be a query by stem alone.
    """
    pool = names.pools[kind]
    firsts = draw.permutation(pool.firsts)[: max(40, count // 5)]
    stems = draw.permutation(pool.stems)[: max(8, count // 4)]
    room = len({first[0] for first in firsts}) * len(stems) * len(pool.types)
    if count > room // 2:
        raise ValueError(f"the inventories hold no {count} {kind} names for split {split!r}; ask for a smaller world")
    bynames = names.bynames(pool.roles, count, draw)
    while bynames:
        first, stem, kind_word = (str(draw.choice(words)) for words in (firsts, stems, pool.types))
        full = " ".join(word for word in (first, stem, kind_word) if word)
        initial = " ".join(word for word in (f"{first[0]}.", stem, kind_word) if word)
        if initial not in names.taken and name_split(full) == split:
            yield Entity(full=full, initial=initial, byname=bynames.pop(0), kind=kind)
            names.taken.add(initial)


def _facts(name: str, members: dict[str, list[int]], draw: np.random.Generator) -> Iterator[Fact]:
    relation = RELATIONS[name]
    subjects = [s for s in members[relation.subject] if draw.random() < HOLDS.get(name, 1.0)]
    if relation.symmetric:
        order = [int(s) for s in draw.permutation(subjects)]
        for one, other in zip(order[::2], order[1::2], strict=False):
            yield Fact(one, name, other)
            yield Fact(other, name, one)
        return
    if relation.object == "year":
        for subject in subjects:
            yield Fact(subject, name, str(draw.choice(YEARS)))
        return
    objects = members[relation.object]
    if name in FROM_FEW:
        objects = [int(o) for o in draw.permutation(objects)[: max(3, int(len(objects) * PROMINENT))]]
    for subject in subjects:
        yield Fact(subject, name, int(draw.choice([o for o in objects if o != subject])))
