"""Named tables with lazily imported rows: one table per kind of thing.

A row's value may be given as ``"module:attribute"``; the module is imported on first use, so that listing names
costs no import. A duplicate name raises, an unknown name lists near matches.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, cast

from berrypick.errors import BadInput

Value = TypeVar("Value")
Made = TypeVar("Made")


class UnknownName(LookupError):
    """A name that a table does not hold; the message lists what is close to it."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        self.kind, self.name, self.known = kind, name, known
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
        )
        super().__init__(f"unknown {kind} {name!r}; {hint}")

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, list[str]]]:
        # Exceptions unpickle from their message alone, which would lose this one on its way out of a worker process.
        return UnknownName, (self.kind, self.name, self.known)


def resolve(path: str) -> object:
    """Import ``"module:attribute"`` and return the attribute."""
    module, _, attribute = path.partition(":")
    if not attribute:
        raise ValueError(f"{path!r} is not of the form 'module:attribute'")
    return getattr(importlib.import_module(module), attribute)


def with_argument(table: Table[Callable[[str], Made]], name: str, field: str) -> Made:
    """Make the row of ``name`` or ``name:argument`` from its argument, "" for none.

    Raises:
        UnknownName: no such row.
        BadInput: there is a colon with nothing after it: one thing has one name.
    """
    kind, colon, argument = name.partition(":")
    if colon and not argument:
        raise BadInput(
            f"{name!r} has nothing after its colon; leave the colon out, or say what {kind} takes", field=field
        )
    return table[kind](argument)


def without_argument(name: str, value: Made, field: str) -> Callable[[str], Made]:
    """Make a row for ``with_argument`` that takes no argument, and raises BadInput for one."""

    def make(argument: str) -> Made:
        if argument:
            raise BadInput(f"{name} takes no argument, got {argument!r}", field=field)
        return value

    return make


class Table(Generic[Value]):
    """An insertion-ordered table from a name to a row.

    Args:
        kind: what a row is, in the singular, for messages ("corpus", "metric").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._rows: dict[str, Value | str] = {}
        self._help: dict[str, str] = {}

    def add(self, name: str, value: Value | str, help: str) -> None:
        """Add a row, raising ValueError where the name is taken.

        Args:
            name: the row's name, as users write it.
            value: the row, or ``"module:attribute"`` to import on first use.
            help: one line for ``berrypick list``.
        """
        if name in self._rows:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self._rows[name] = value
        self._help[name] = help

    def __getitem__(self, name: str) -> Value:
        """Return a row, importing it where it is a path; raises UnknownName with near matches."""
        if name not in self._rows:
            raise UnknownName(self.kind, name, list(self._rows))
        row = self._rows[name]
        if isinstance(row, str):
            row = self._rows[name] = cast(Value, resolve(row))
        return row

    def help(self, name: str) -> str:
        """Return the one line that says what a row is."""
        if name not in self._help:
            raise UnknownName(self.kind, name, list(self._rows))
        return self._help[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
