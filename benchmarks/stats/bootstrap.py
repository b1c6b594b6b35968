"""The percentile bootstrap over tasks (Efron & Tibshirani 1993): estimates, and what may be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from berrypick import seeding
from berrypick.benchmarks.metrics.base import Array, Value, finite
from berrypick.records import Record

RESAMPLES: Final = 2000
#: Paired tasks below which no verdict is given: when all few differences agree, the interval has no width.
FEWEST_FOR_VERDICT: Final = 10


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


class Estimate(NamedTuple):
    """A value, its replicates (shape (RESAMPLES,)) and the number of tasks it stands on."""

    value: float
    replicates: Array
    n: int


def draw(tasks: int, seed: int, stream: int) -> Array:
    """Return how often each task is drawn in each resample; shape (RESAMPLES, tasks)."""
    generator = seeding.rng(seed, "bootstrap", stream)
    return generator.multinomial(tasks, np.full(tasks, 1 / tasks), size=RESAMPLES).astype(np.float64)


def standing(rows: Array) -> npt.NDArray[np.bool_]:
    """Return which tasks have a value; shape (tasks,)."""
    return np.asarray(~np.isnan(rows).any(axis=1))


def estimate(of_mean: Callable[[Array], Array], rows: Array, weights: Array, needs_n: int = 1) -> Estimate | None:
    """Estimate ``of_mean(mean of the rows that have a value)``; None where fewer than ``needs_n`` have one."""
    known = standing(rows)
    n = int(known.sum())
    if n < max(needs_n, 1):
        return None
    rows, weights = rows[known], weights[:, known]
    with np.errstate(invalid="ignore"):  # a resample without any standing task has no value
        means = (weights @ rows) / weights.sum(axis=1, keepdims=True)
        return Estimate(float(of_mean(rows.mean(axis=0))), of_mean(means), n)


def mean(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """Unweighted mean; None where one is missing: means over different cells could not be compared."""
    known = [estimate for estimate in estimates if estimate is not None]
    if not known or len(known) < len(estimates):
        return None
    value = sum(estimate.value for estimate in known) / len(known)
    replicates = np.mean([estimate.replicates for estimate in known], axis=0)
    return Estimate(value, replicates, sum(estimate.n for estimate in known))


def least(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """The smallest, in every resample anew; None where one is missing."""
    known = [estimate for estimate in estimates if estimate is not None]
    if not known or len(known) < len(estimates):
        return None
    lowest = min(known, key=lambda estimate: estimate.value)
    return lowest._replace(replicates=np.min([estimate.replicates for estimate in known], axis=0))


def less(a: Estimate, b: Estimate) -> Estimate:
    """Subtract the second of two estimates that stand on the same tasks and resamples."""
    with np.errstate(invalid="ignore"):  # two infinite diversities have no difference
        return Estimate(a.value - b.value, a.replicates - b.replicates, a.n)


def interval(replicates: Array) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % interval, None where there is none."""
    if np.isnan(replicates).all():
        return None, None
    # Order statistics, not interpolation: between two infinite values of D2 there is nothing to interpolate.
    low, high = np.nanpercentile(replicates, [2.5, 97.5], method="inverted_cdf")
    return finite(low), finite(high)


def value(estimate: Estimate | None, n: int = 0) -> Value:
    """The value with its interval; ``n``, the tasks there were, is told where there is none."""
    if estimate is None:
        return Value(None, None, None, n)
    return Value(finite(estimate.value), *interval(estimate.replicates), estimate.n)


def difference(estimate: Estimate | None, better: int = 1) -> Difference:
    """The difference with its interval and verdict; ``better`` is 1 if more is better, -1 if less is."""
    if estimate is None:
        return Difference(None, None, None, 0)
    low, high = interval(estimate.replicates)
    verdict = ""
    if low is not None and high is not None and estimate.n >= FEWEST_FOR_VERDICT and (low > 0 or high < 0):
        verdict = "first" if (low > 0) == (better > 0) else "second"
    return Difference(finite(estimate.value), low, high, estimate.n, verdict)
