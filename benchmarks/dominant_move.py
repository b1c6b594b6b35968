"""The dominant move of an agent: what ``no_dominant_move`` refuses.

It is measured in the plain cell of the same run, or frozen from the run of another agent: in a study all arms are then
refused the same move, that of the policy that they were trained from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import is_dominant_move
from berrypick.envs.scoring.moves import way_of
from berrypick.envs.scoring.outcome import Outcome
from berrypick.errors import BadInput


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
    return refuse(cell, dominant_move(tasks))


def refuse(cell: Cell, move: Sequence[str] | None) -> Cell:
    """Fill a (tool, form) in where a cell refuses a dominant move; with None, refuse nothing."""
    rest = tuple(name for name in cell.knockouts if not is_dominant_move(name))
    named = (name for name in cell.knockouts if is_dominant_move(name))
    return replace(cell, knockouts=rest + (() if move is None else tuple(f"{name}:{'/'.join(move)}" for name in named)))


def freeze(cells: Sequence[Cell], run: Path) -> dict[str, tuple[str, str] | None]:
    """Read the dominant moves of another agent off its run, for each cell that refuses one.

    Args:
        cells: those of a suite.
        run: folder of a run that has the plain cells of the same worlds, with any number of questions and rollouts.

    Returns:
        Label of the cell to (tool, form); None where that agent found nothing.

    Raises:
        BadInput: there is no run, it lacks a plain cell, or no cell refuses a dominant move.
    """
    theirs = result.read(run)
    waiting = [cell for cell in cells if cell.waits]
    if not waiting:
        raise BadInput("no cell of this suite refuses a dominant move; leave it out", field="--dominant-move-of")
    outcomes = result.read_outcomes(run)
    found: dict[str, tuple[str, str] | None] = {}
    for cell in waiting:
        number = next((n for n, other in enumerate(theirs.config.cells) if _same_worlds(other, cell.bare)), None)
        if number is None:
            raise BadInput(f"has no plain cell {cell.bare.label!r}, where the move is measured", file=run)
        found[cell.label] = dominant_move(task for task in outcomes if task.cell == number)
    return found


def _same_worlds(one: Cell, other: Cell) -> bool:
    return replace(one, tasks=other.tasks, rollouts=other.rollouts, protocol=other.protocol) == other
