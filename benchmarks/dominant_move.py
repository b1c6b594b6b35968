"""The dominant move of an agent: what ``no_dominant_move`` refuses, measured in the plain cell of the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import is_dominant_move
from berrypick.envs.scoring.moves import way_of
from berrypick.envs.scoring.outcome import Outcome


def dominant_move(tasks: Iterable[TaskOutcomes]) -> tuple[str, str] | None:
    """The commonest (tool, form) among the searches and opens that count, the first by alphabet of equals.

    Those count that were the first to show evidence: what an agent does without finding anything is not what it lives
    on, and idle searches before each episode would otherwise choose what is refused. Where a question says nothing of
    its evidence, all of them count.

    Returns:
        Tool and form as written, which is how they are refused; None where nothing counts.
    """
    ways = (way_of(move) for task in tasks for outcome in task.outcomes for move in _counted(outcome))
    counts = Counter((tool, form) for tool, form in ways if form)
    return min(counts, key=lambda way: (-counts[way], way), default=None)


def _counted(outcome: Outcome) -> Iterable[str]:
    if not outcome.hops:
        return outcome.raw_moves
    productive = {turn for turn in outcome.first_shown if turn is not None}
    return (outcome.raw_moves[turn] for turn in sorted(productive))


def plain_of(cells: Sequence[Cell], cell: Cell) -> int:
    """The number of the plain cell of a cell: the same with nothing changed.

    Raises:
        ValueError: the suite has none.
    """
    for number, other in enumerate(cells):
        if other == cell.bare:
            return number
    raise ValueError(f"a suite with {cell.label!r} needs its plain cell too")


def without_dominant_move(cell: Cell, tasks: Iterable[TaskOutcomes]) -> Cell:
    """Refuse the dominant move of the plain cell's tasks in a cell; an agent that found nothing is refused nothing."""
    move = dominant_move(tasks)
    rest = tuple(name for name in cell.knockouts if not is_dominant_move(name))
    named = (name for name in cell.knockouts if is_dominant_move(name))
    return replace(cell, knockouts=rest + (() if move is None else tuple(f"{name}:{'/'.join(move)}" for name in named)))
