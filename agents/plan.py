"""What a question asks for, as a tree, and how far known facts carry towards its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Named:
    """An entity that the question names."""

    name: str


@dataclass(frozen=True)
class Related:
    """The objects of ``relation`` for ``of``; with ``inverse``, the subjects that have ``of`` as object."""

    relation: str
    inverse: bool
    of: Goal


@dataclass(frozen=True)
class Meet:
    """What all parts name."""

    parts: tuple[Related, ...]


@dataclass(frozen=True)
class Pick:
    """The one of ``among`` with the least (or most) of a numeric relation."""

    relation: str
    least: bool
    among: tuple[Named, ...]


Goal = Named | Related | Meet | Pick


class Unknown(NamedTuple):
    """A fact still to be found.

    Attributes:
        entity: a name of what is known.
        relation: sought is the object of this relation for ``entity``,
        inverse: or, with this, the subject.
        candidates: names of what may be sought, where another condition has narrowed it down.
    """

    entity: str
    relation: str
    inverse: bool = False
    candidates: tuple[str, ...] = ()


class Facts(Protocol):
    """What is known so far."""

    def related(self, name: str, relation: str, inverse: bool) -> list[str]:
        """Names that stand in the relation to ``name``, best known form of each, in order of finding."""
        ...

    def key(self, name: str) -> str:
        """One string for all known names of an entity."""
        ...

    def number(self, name: str, relation: str) -> float | None:
        """The value of a numeric relation, None while unknown."""
        ...

    def settled(self, name: str, relation: str) -> bool:
        """Whether all objects of a relation of ``name`` are known."""
        ...


class Progress(NamedTuple):
    """How far the facts carry.

    Attributes:
        names: what the goal stands for; empty while it is not known.
        unknowns: without names, the facts to look for: groups in order of promise, those of a group side by side.
    """

    names: list[str]
    unknowns: list[list[Unknown]]


def solve(goal: Goal, facts: Facts) -> Progress:
    """Evaluate a goal over the known facts."""
    match goal:
        case Named(name):
            return Progress([name], [])
        case Related():
            return _related(goal, facts)
        case Meet(parts):
            return _meet(parts, facts)
        case Pick():
            return _pick(goal, facts)


def _related(goal: Related, facts: Facts) -> Progress:
    inner = solve(goal.of, facts)
    found = [name for start in inner.names for name in facts.related(start, goal.relation, goal.inverse)]
    if found:
        return Progress(found, [])
    unknowns = [Unknown(start, goal.relation, goal.inverse) for start in inner.names]
    return Progress([], [unknowns] if unknowns else inner.unknowns)


def _meet(parts: tuple[Related, ...], facts: Facts) -> Progress:
    """Intersect; short of a common name, complete each side, then ask for the other fact of each candidate."""
    sides = [solve(part, facts) for part in parts]
    keys = [{facts.key(name) for name in side.names} for side in sides]
    common = [name for name in sides[0].names if all(facts.key(name) in side for side in keys)]
    if common:
        return Progress(common, [])
    first: list[Unknown] = []
    checks: list[Unknown] = []
    for part, side in zip(parts, sides, strict=True):
        others = [name for other in sides if other is not side for name in other.names]
        left = tuple(name for name in others if not (part.inverse and facts.settled(name, part.relation)))
        inner = solve(part.of, facts)
        first += [unknown for group in inner.unknowns for unknown in group]
        first += [Unknown(name, part.relation, part.inverse, left) for name in inner.names]
        checks += [Unknown(name, part.relation, not part.inverse) for name in left]
    return Progress([], [first, checks])


def _pick(goal: Pick, facts: Facts) -> Progress:
    values = {named.name: facts.number(named.name, goal.relation) for named in goal.among}
    missing = [Unknown(name, goal.relation) for name, value in values.items() if value is None]
    if missing:
        return Progress([], [missing])
    ordered = sorted(values, key=lambda name: values[name] or 0.0, reverse=not goal.least)
    return Progress(ordered[:1], [])


def names(goal: Goal) -> list[str]:
    """The names that a goal starts from, in order."""
    match goal:
        case Named(name):
            return [name]
        case Related(of=of):
            return names(of)
        case Meet(parts=parts) | Pick(among=parts):
            return [name for part in parts for name in names(part)]
