"""Metrics with their intervals: bootstrap over tasks, paired for comparisons.

Tasks are resampled within each cell, once for all metrics. The value over several cells is their unweighted mean, blank
where one of them is blank: means over different cells could not be compared. Cells set ``apart`` do not enter it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array, Metric, TaskOutcomes, Value
from berrypick.benchmarks.metrics.table import metric
from berrypick.benchmarks.stats import bootstrap
from berrypick.benchmarks.stats.bootstrap import Difference, Estimate


class Summary(NamedTuple):
    """Metrics over all cells, and of each cell by its number."""

    overall: dict[str, Value]
    cells: dict[int, dict[str, Value]]


def summarise(
    tasks: Sequence[TaskOutcomes],
    names: Iterable[str],
    seed: int,
    apart: Collection[int] = (),
    period: int | None = None,
) -> Summary:
    """Compute metrics with their intervals, over cells and by cell.

    Args:
        tasks: the tasks of a run, of any number of cells.
        names: metric names.
        seed: of the resampling; the same tasks and seed give the same bytes.
        apart: numbers of the cells that the value over cells leaves out.
        period: where given, cells whose numbers differ by a multiple of it ask the same questions, and are resampled
            alike.

    Raises:
        UnknownName: no such metric.
    """
    by_cell = _by_cell(tasks)
    streams = {cell: cell if period is None else cell % period for cell in by_cell}
    weights = {cell: bootstrap.draw(len(rows), seed, streams[cell]) for cell, rows in by_cell.items()}
    overall: dict[str, Value] = {}
    cells: dict[int, dict[str, Value]] = {cell: {} for cell in by_cell}
    for one in map(metric, names):
        estimates: list[Estimate | None] = []
        for cell, members in by_cell.items():
            rows = one.rows(members)
            estimate = _estimate(one, rows, weights[cell])
            cells[cell][one.name] = bootstrap.value(estimate, int(bootstrap.standing(rows).sum()))
            if cell not in apart:
                estimates.append(estimate)
        n = sum(cells[cell][one.name].n for cell in cells if cell not in apart)
        overall[one.name] = bootstrap.value(bootstrap.mean(estimates), n)
    return Summary(overall, cells)


def compare(
    first: Sequence[TaskOutcomes],
    second: Sequence[TaskOutcomes],
    names: Iterable[str],
    seed: int,
    apart: Collection[int] = (),
) -> dict[str, Difference]:
    """Compare two runs on the tasks that both have, resampling the same tasks in both.

    Args:
        first: tasks of one run.
        second: tasks of the other; paired by cell number and question.
        names: metric names.
        seed: of the resampling.
        apart: numbers of the cells that are left out.

    Raises:
        UnknownName: no such metric.
    """
    other = {(task.cell, task.question_id): task for task in second if task.cell not in apart}
    by_cell = _by_cell([task for task in first if (task.cell, task.question_id) in other])
    weights = {cell: bootstrap.draw(len(members), seed, cell) for cell, members in by_cell.items()}
    differences: dict[str, Difference] = {}
    for one in map(metric, names):
        estimates: list[Estimate | None] = []
        for cell, members in by_cell.items():
            ours, theirs = one.rows(members), one.rows([other[cell, task.question_id] for task in members])
            ours, theirs = on_both(ours, theirs)
            a, b = _estimate(one, ours, weights[cell]), _estimate(one, theirs, weights[cell])
            estimates.append(bootstrap.less(a, b) if a and b else None)
        differences[one.name] = bootstrap.difference(bootstrap.mean(estimates), one.better)
    return differences


def on_both(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Leave a value only to the tasks that have one in both; shapes (tasks, parts), which may differ in parts."""
    both = (bootstrap.standing(ours) & bootstrap.standing(theirs))[:, None]
    return np.where(both, ours, np.nan), np.where(both, theirs, np.nan)


def _by_cell(tasks: Sequence[TaskOutcomes]) -> dict[int, list[TaskOutcomes]]:
    cells: dict[int, list[TaskOutcomes]] = {}
    for task in sorted(tasks, key=lambda task: (task.cell, task.question_id)):
        cells.setdefault(task.cell, []).append(task)
    return cells


def _estimate(one: Metric, rows: Array, weights: Array) -> Estimate | None:
    return bootstrap.estimate(one.of_mean, rows, weights, one.needs_n)
