"""The cells of several runs lined up, for tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from berrypick.benchmarks.result import CellResult, Result


class Column(NamedTuple):
    """One cell in every run that has it.

    Attributes:
        where: what is searched.
        change: what was changed in it, "" where nothing was.
        cells: agent to its cell, unreadable ones included.
    """

    where: str
    change: str
    cells: dict[str, CellResult]

    @property
    def label(self) -> str:
        """What tables and pictures call the cell."""
        return f"{self.where} {self.change}".strip()

    @property
    def tasks(self) -> int:
        """Questions asked, in the run that asked most."""
        return max(cell.tasks for cell in self.cells.values())


def columns(runs: Sequence[Result]) -> list[Column]:
    """Line cells up, in order of first mention; each is followed by what was changed in it."""
    found: dict[str, dict[str, Column]] = {}
    for run in runs:
        for cell in run.cells:
            group = found.setdefault(cell.where, {})
            group.setdefault(cell.change, Column(cell.where, cell.change, {})).cells[run.agent] = cell
    return [column for group in found.values() for column in group.values()]


def plain(runs: Sequence[Result]) -> list[Column]:
    """The cells in which nothing was changed."""
    return [column for column in columns(runs) if not column.change]


def changed(runs: Sequence[Result]) -> list[Column]:
    """The cells of which there is a changed one, plain ones first; none where nothing was changed anywhere."""
    found = columns(runs)
    groups = {column.where for column in found if column.change}
    return [column for column in found if column.where in groups]
