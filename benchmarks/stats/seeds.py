"""Several runs of one agent on one suite, which differ in their seeds, told as one.

A measure is the unweighted mean of the runs' own: episodes of several seeds are never pooled, since a mixture of
policies that each know one way would look like a policy that knows many. Questions are resampled, the same in all runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.metrics import robustness
from berrypick.benchmarks.metrics.robustness import Part
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes, Value
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.suites import Cell


class Means(NamedTuple):
    """Measures over all runs, as ``Result.metrics`` has them for one; and those of each cell, in order."""

    overall: dict[str, Value]
    cells: tuple[dict[str, Value], ...]


def means(cells: Sequence[Cell], runs: Sequence[Sequence[CellRun]], seed: int) -> Means:
    """Compute the means of some runs over the same cells; those of one run are what ``assemble`` gives.

    Args:
        cells: the suite's cells.
        runs: of each run its cells, in order.
        seed: of the resampling.
    """
    width = len(cells)
    tasks = [task for number, run in enumerate(runs) for cell in run for task in _shifted(cell.tasks, number * width)]
    parts = [part for number, run in enumerate(runs) for part in _parts(cells, run, number * width)]
    plain = [task for task in tasks if cells[task.cell % width].plain]
    readable = all(run[number].readable for run in runs for number, cell in enumerate(cells) if cell.plain)
    overall = (
        intervals.summarise(plain, METRICS, seed, period=width).overall if readable else dict.fromkeys(METRICS, BLANK)
    )
    each = []
    for number, cell in enumerate(cells):
        own = intervals.summarise([t for t in tasks if t.cell % width == number], METRICS, seed, period=width).overall
        changed = robustness.summarise([part for part in parts if part.cell % width == number], seed).overall
        names = {measure: f"{measure}_{'+'.join(cell.knockouts)}" for measure in robustness.RELATIVE}
        each.append(own | {measure: changed[name] for measure, name in names.items() if name in changed})
    return Means(overall | robustness.summarise(parts, seed).overall, tuple(each))


def _shifted(tasks: Sequence[TaskOutcomes], by: int) -> list[TaskOutcomes]:
    return [replace(task, cell=task.cell + by) for task in tasks]


def _parts(cells: Sequence[Cell], run: Sequence[CellRun], by: int) -> list[Part]:
    """The parts of one run under numbers of their own; the streams stay, so that questions are resampled alike."""
    found = robustness.parts(cells, [cell.setup for cell in run], [task for cell in run for task in cell.tasks])
    return [part._replace(cell=part.cell + by) for part in found]
