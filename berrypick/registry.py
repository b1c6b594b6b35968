"""Named tables with lazily imported rows: one table per kind of thing.

A row's value may be given as ``"module:attribute"``; the module is imported on first use, so that listing names
costs no import. A duplicate name raises, an unknown name lists near matches.

Other packages extend a table without touching it: by entry points of its group, or by a name that is itself
``module:attribute``. Both work in worker processes and on the command line, where the current folder is searched too.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Final, Generic, TypeVar, cast

from berrypick.errors import BadInput

Value = TypeVar("Value")
Made = TypeVar("Made")

#: How a row outside of the package is named.
_PATH: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


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
    return table[name]("") if table.is_path(name) else table[kind](argument)


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
        group: entry points of this group are rows too, and so is any ``module:attribute``; "" for a closed table.
    """

    def __init__(self, kind: str, group: str = "") -> None:
        self.kind = kind
        self._rows: dict[str, Value | str] = {}
        self._help: dict[str, str] = {}
        self._group, self._is_read = group, not group

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
        self._read_entry_points()
        if self.is_path(name):
            return cast(Value, self._imported(name))
        if name not in self._rows:
            raise UnknownName(self.kind, name, list(self._rows))
        row = self._rows[name]
        if isinstance(row, str):
            row = self._rows[name] = cast(Value, resolve(row))
        return row

    def is_path(self, name: str) -> bool:
        """Whether a name is ``module:attribute`` of something outside of the table."""
        kind = name.partition(":")[0]
        return bool(self._group and name not in self and kind not in self and _PATH.fullmatch(name))

    def _imported(self, name: str) -> object:
        """Import a row that is named by its path."""
        if os.getcwd() not in sys.path:  # a script's own folder is searched, not the current one
            sys.path.append(os.getcwd())
        try:
            return resolve(name)
        except ModuleNotFoundError as error:
            if error.name != name.partition(":")[0]:
                raise
            known = f"a {self.kind} that is listed, or module:attribute of an installed module or of a file here"
            raise BadInput(f"there is no module {error.name!r}; expected {known}", field=self.kind) from error
        except AttributeError as error:
            raise BadInput(f"{error}; expected module:attribute of a {self.kind}", field=self.kind) from error

    def _read_entry_points(self) -> None:
        """Add the rows that installed packages bring; the package's own names stay its own."""
        if self._is_read:
            return
        self._is_read = True
        for point in entry_points(group=self._group):
            package = point.dist.name if point.dist is not None else point.value
            if point.name in self._rows:
                raise BadInput(
                    f"package {package} brings a {self.kind} {point.name!r}, which is there already; "
                    "rename its entry point or uninstall it",
                    field=self._group,
                )
            self.add(point.name, point.value, f"of package {package}")

    def help(self, name: str) -> str:
        """Return the one line that says what a row is."""
        self._read_entry_points()
        if name not in self._help:
            raise UnknownName(self.kind, name, list(self._rows))
        return self._help[name]

    def __contains__(self, name: object) -> bool:
        self._read_entry_points()
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        self._read_entry_points()
        return iter(self._rows)

    def __len__(self) -> int:
        self._read_entry_points()
        return len(self._rows)
