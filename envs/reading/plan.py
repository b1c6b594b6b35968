"""How far known facts carry a plan towards its answer, and what to look for next."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from berrypick.corpora.answerability.plans import Both, Name, Node, Step, Winner


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
        names: what the plan stands for; empty while it is not known.
        unknowns: without names, the facts to look for: groups in order of promise, those of a group side by side.
    """

    names: list[str]
    unknowns: list[list[Unknown]]


def solve(plan: Node, facts: Facts) -> Progress:
    """Evaluate a plan over the known facts."""
    match plan:
        case Name(text):
            return Progress([text], [])
        case Step():
            return _related(plan, facts)
        case Both(one, other):
            return _meet((one, other), facts)
        case Winner():
            return _pick(plan, facts)


def _related(step: Step, facts: Facts) -> Progress:
    inner = solve(step.of, facts)
    found = [name for start in inner.names for name in facts.related(start, step.relation, step.inverse)]
    if found:
        return Progress(found, [])
    unknowns = [Unknown(start, step.relation, step.inverse) for start in inner.names]
    return Progress([], [unknowns] if unknowns else inner.unknowns)


def _meet(parts: tuple[Step, Step], facts: Facts) -> Progress:
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


def _pick(plan: Winner, facts: Facts) -> Progress:
    values = {name.text: facts.number(name.text, plan.measure) for name in (plan.one, plan.other)}
    missing = [Unknown(name, plan.measure) for name, value in values.items() if value is None]
    if missing:
        return Progress([], [missing])
    ordered = sorted(values, key=lambda name: values[name] or 0.0, reverse=plan.most)
    return Progress(ordered[:1], [])
