"""The public relation lexicon: what the relations are and every way of wording them (``relations.toml``).

Agents may read all of it; it says how facts are worded, never which facts hold.

``states`` are sentence templates over ``{s}`` (subject) and ``{o}`` (object); ``asks`` are noun phrases over ``{x}``
for "the object of this relation for subject x", ``asks_inverse`` for "the subject of this relation for object x".
The last ``HELD_OUT`` of each are never used in the documents or questions of the ordinary splits.
"""

from __future__ import annotations

import importlib.resources
import tomllib
from typing import Final

import msgspec

from berrypick.records import Record

HELD_OUT: Final = 2


class Relation(Record):
    """One relation.

    Attributes:
        name: its identifier.
        subject: kind of the subject.
        object: kind of the object ("year" for literals).
        roster: title of the page that lists subjects, over ``{o}``.
        states: sentence templates over ``{s}`` and ``{o}``.
        asks: noun phrases over ``{x}`` = the subject, naming the object.
        asks_inverse: noun phrases over ``{x}`` = the object, naming the subject; empty where it is never asked.
        symmetric: whether (s, o) implies (o, s).
    """

    name: str
    subject: str
    object: str
    roster: str
    states: tuple[str, ...]
    asks: tuple[str, ...]
    asks_inverse: tuple[str, ...] = ()
    symmetric: bool = False


def _read() -> dict[str, Relation]:
    data = tomllib.loads(importlib.resources.files(__package__).joinpath("relations.toml").read_text("utf-8"))
    return {name: msgspec.convert({"name": name, **row}, Relation) for name, row in data.items()}


RELATIONS: Final[dict[str, Relation]] = _read()

#: The relation of a byname to the full name; attested by the byname registers.
ALIAS: Final = "alias"
ALIAS_ASKS: Final = (
    "the one known as {x}",
    "the one called {x}",
    "the one nicknamed {x}",
    "the one styled {x}",
    "the one remembered as {x}",
)
REGISTER: Final = "Register of bynames and epithets ({n})"
REGISTER_ENTRY: Final = "{byname}: {full}."

#: Question frames around a noun phrase.
FRAMES: Final = ("What is {np}?", "Name {np}.", "Which is {np}?", "Find {np}.", "Tell me {np}.")
#: Frames of an intersection over two noun phrases that name the same entity.
BOTH_FRAMES: Final = (
    "Which is both {a} and {b}?",
    "Name what is both {a} and {b}.",
    "Find what is {a} as well as {b}.",
    "Tell me what is {a} and also {b}.",
)
#: kind -> (relation of the year, "earlier"/"later" wordings of the winner over {a} and {b}).
COMPARE: Final[dict[str, str]] = {"person": "born_in_year", "company": "founded_in_year", "work": "created_in_year"}
ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "earlier": (
        "the earlier of {a} and {b}",
        "the older of {a} and {b}",
        "whichever came first of {a} and {b}",
        "the elder of {a} and {b}",
    ),
    "later": (
        "the later of {a} and {b}",
        "the younger of {a} and {b}",
        "whichever came last of {a} and {b}",
        "the more recent of {a} and {b}",
    ),
}


def train_wordings(wordings: tuple[str, ...]) -> tuple[str, ...]:
    """The wordings that documents and questions of the ordinary splits use."""
    return wordings[:-HELD_OUT]
