"""Intervals: percentile bootstrap over tasks (Efron & Tibshirani 1993), paired for comparisons.

Tasks are resampled within each cell, once for all metrics. The value over several cells is their unweighted mean, blank
where one of them is blank: means over different cells could not be compared. Cells set ``apart`` do not enter it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from berrypick import seeding
from berrypick.benchmarks.metrics import metric
from berrypick.benchmarks.metrics_base import Array, Metric, TaskOutcomes, Value, finite
from berrypick.records import Record

RESAMPLES: Final = 2000
#: Paired tasks below which no verdict is given: when all few differences agree, the interval has no width.
FEWEST_FOR_VERDICT: Final = 10


class Summary(NamedTuple):
    """Metrics over all cells, and of each cell by its number."""

    overall: dict[str, Value]
    cells: dict[int, dict[str, Value]]


class Difference(Record):
    """A paired difference, first run minus second.

    Attributes:
        value: the difference, None where a run has no value.
        low: lower end of its 95 % interval.
        high: upper end.
        n: tasks with a value in both runs.
        better: ``first`` or ``second`` where the interval excludes 0, else "".
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str = ""


class _Estimate(NamedTuple):
    """A value, its replicates (shape (RESAMPLES,)) and the number of tasks it stands on."""

    value: float
    replicates: Array
    n: int


def summarise(tasks: Sequence[TaskOutcomes], names: Iterable[str], seed: int, apart: Collection[int] = ()) -> Summary:
    """Compute metrics with their intervals, over cells and by cell.

    Args:
        tasks: the tasks of a run, of any number of cells.
        names: metric names.
        seed: of the resampling; the same tasks and seed give the same bytes.
        apart: numbers of the cells that the value over cells leaves out.

    Raises:
        UnknownName: no such metric.
    """
    by_cell = _by_cell(tasks)
    weights = {cell: _weights(len(rows), seed, cell) for cell, rows in by_cell.items()}
    overall: dict[str, Value] = {}
    cells: dict[int, dict[str, Value]] = {cell: {} for cell in by_cell}
    for one in map(metric, names):
        estimates: list[_Estimate | None] = []
        for cell, members in by_cell.items():
            rows = one.rows(members)
            standing = _standing(rows)
            estimate = _estimate(one, rows, standing, weights[cell])
            cells[cell][one.name] = _value(estimate, int(standing.sum()))
            if cell not in apart:
                estimates.append(estimate)
        n = sum(cells[cell][one.name].n for cell in cells if cell not in apart)
        overall[one.name] = _value(_mean_over_cells(estimates), n)
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
    weights = {cell: _weights(len(members), seed, cell) for cell, members in by_cell.items()}
    differences: dict[str, Difference] = {}
    for one in map(metric, names):
        estimates: list[_Estimate | None] = []
        for cell, members in by_cell.items():
            ours, theirs = one.rows(members), one.rows([other[cell, task.question_id] for task in members])
            standing = _standing(ours) & _standing(theirs)
            a = _estimate(one, ours, standing, weights[cell])
            b = _estimate(one, theirs, standing, weights[cell])
            estimates.append(_less(a, b) if a and b else None)
        differences[one.name] = _difference(one, _mean_over_cells(estimates))
    return differences


def _by_cell(tasks: Sequence[TaskOutcomes]) -> dict[int, list[TaskOutcomes]]:
    cells: dict[int, list[TaskOutcomes]] = {}
    for task in sorted(tasks, key=lambda task: (task.cell, task.question_id)):
        cells.setdefault(task.cell, []).append(task)
    return cells


def _weights(tasks: int, seed: int, cell: int) -> Array:
    """How often each task is drawn in each resample; shape (RESAMPLES, tasks)."""
    generator = seeding.rng(seed, "bootstrap", cell)
    return generator.multinomial(tasks, np.full(tasks, 1 / tasks), size=RESAMPLES).astype(np.float64)


def _standing(rows: Array) -> npt.NDArray[np.bool_]:
    """Which tasks have a value; shape (tasks,)."""
    return np.asarray(~np.isnan(rows).any(axis=1))


def _estimate(one: Metric, rows: Array, standing: npt.NDArray[np.bool_], weights: Array) -> _Estimate | None:
    n = int(standing.sum())
    if n < max(one.needs_n, 1):
        return None
    rows, weights = rows[standing], weights[:, standing]
    with np.errstate(invalid="ignore"):  # a resample without any standing task has no value
        means = (weights @ rows) / weights.sum(axis=1, keepdims=True)
        return _Estimate(float(one.of_mean(rows.mean(axis=0))), one.of_mean(means), n)


def _less(a: _Estimate, b: _Estimate) -> _Estimate:
    with np.errstate(invalid="ignore"):  # two infinite diversities have no difference
        return _Estimate(a.value - b.value, a.replicates - b.replicates, a.n)


def _mean_over_cells(estimates: Sequence[_Estimate | None]) -> _Estimate | None:
    known = [estimate for estimate in estimates if estimate is not None]
    if not known or len(known) < len(estimates):
        return None
    value = sum(estimate.value for estimate in known) / len(known)
    replicates = np.mean([estimate.replicates for estimate in known], axis=0)
    return _Estimate(value, replicates, sum(estimate.n for estimate in known))


def _interval(replicates: Array) -> tuple[float | None, float | None]:
    if np.isnan(replicates).all():
        return None, None
    # Order statistics, not interpolation: between two infinite values of D2 there is nothing to interpolate.
    low, high = np.nanpercentile(replicates, [2.5, 97.5], method="inverted_cdf")
    return finite(low), finite(high)


def _value(estimate: _Estimate | None, n: int) -> Value:
    """The value with its interval; ``n``, the tasks there were, is told where there is none."""
    if estimate is None:
        return Value(None, None, None, n)
    return Value(finite(estimate.value), *_interval(estimate.replicates), estimate.n)


def _difference(one: Metric, estimate: _Estimate | None) -> Difference:
    if estimate is None:
        return Difference(None, None, None, 0)
    low, high = _interval(estimate.replicates)
    better = ""
    if low is not None and high is not None and estimate.n >= FEWEST_FOR_VERDICT and (low > 0 or high < 0):
        better = "first" if (low > 0) == (one.better > 0) else "second"
    return Difference(finite(estimate.value), low, high, estimate.n, better)
