"""What a question asks for, as a tree that can be read off its text, and what a sentence states.

One vocabulary for the grammars of all built-in corpora and for whoever follows such a plan. Public; knows no gold.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """A name as it stands in the question."""

    text: str


@dataclass(frozen=True)
class Step:
    """The objects of ``relation`` for ``of``; with ``inverse``, the subjects that have ``of`` as an object."""

    relation: str
    inverse: bool
    of: Node


@dataclass(frozen=True)
class Both:
    """What two steps lead to alike."""

    one: Step
    other: Step


@dataclass(frozen=True)
class Winner:
    """The one of two names that has the most, or else the least, of a numeric relation."""

    measure: str
    most: bool
    one: Name
    other: Name


Node = Name | Step | Both | Winner


@dataclass(frozen=True)
class Stated:
    """A fact as a displayed sentence states it, with the names as they stand there."""

    subject: str
    relation: str
    object: str


def names(node: Node) -> list[str]:
    """The names that a plan starts from, in order."""
    match node:
        case Name(text):
            return [text]
        case Step(of=of):
            return names(of)
        case Both(one=one, other=other) | Winner(one=one, other=other):
            return [*names(one), *names(other)]
