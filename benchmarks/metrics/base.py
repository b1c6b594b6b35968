"""What a metric is: a value with one spelling, computed from the outcomes of every task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from berrypick.envs.scoring.outcome import Outcome
from berrypick.records import Record

Array = npt.NDArray[np.float64]

#: Tasks below which a diversity metric is blank.
FEWEST: Final = 30


class TaskOutcomes(Record):
    """All rollouts of one task, a task being one question in one cell.

    Attributes:
        cell: number of the cell in its run.
        task_id: the environment's number for the question.
        question_id: the question.
        family: its family.
        hops: number of facts its answer rests on, 0 where unknown.
        routes: viable routes from the audit, each one genre per hop; empty where there was no audit.
        outcomes: outcomes of the rollouts that ran, in order.
        errors: rollouts that failed. They count as misses in every accuracy metric.
        survives: knock-outs under which the audit left a viable route, None where it could not say.
    """

    cell: int
    task_id: int
    question_id: str
    family: str
    hops: int
    routes: tuple[tuple[str, ...], ...]
    outcomes: tuple[Outcome, ...]
    errors: int = 0
    survives: tuple[str, ...] | None = None

    @property
    def rollouts(self) -> int:
        """Number of rollouts, failed ones included."""
        return len(self.outcomes) + self.errors

    @property
    def grounded(self) -> list[Outcome]:
        """The grounded successes."""
        return [outcome for outcome in self.outcomes if outcome.grounded]


class Value(Record):
    """A metric's value over ``n`` tasks with its 95 % interval; None where there is no value."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Metric:
    """A metric. Two metrics with one name are one metric.

    Every metric has the form ``of_mean(mean over tasks of parts(task))``, which is what lets one table of resampled
    weights give the intervals of all of them.

    Attributes:
        name: its one spelling, the key in result files.
        help: one line, with units.
        parts: tasks to an array of shape (tasks, parts); a row of NaN is a task that cannot have a value.
        of_mean: means over tasks, shape (..., parts), to values, shape (...).
        default: value of a task without any rollout; None leaves it out.
        needs_n: fewest tasks with a value below which the metric is blank.
        better: 1 if more is better, -1 if less is.
    """

    name: str
    help: str = field(compare=False)
    parts: Callable[[Sequence[TaskOutcomes]], Array] = field(compare=False, repr=False)
    of_mean: Callable[[Array], Array] = field(compare=False, repr=False, default=lambda means: means[..., 0])
    default: float | None = field(compare=False, default=None)
    needs_n: int = field(compare=False, default=1)
    better: int = field(compare=False, default=1)

    def __str__(self) -> str:
        return self.name

    def rows(self, tasks: Sequence[TaskOutcomes]) -> Array:
        """Return the parts of every task, the default where a task has no rollouts. Shape (tasks, parts)."""
        rows = self.parts(tasks)
        for row, task in zip(rows, tasks, strict=True):
            if task.rollouts == 0:
                row[:] = math.nan if self.default is None else self.default
        return rows

    def __call__(self, tasks: Sequence[TaskOutcomes]) -> float | None:
        """Return the value over the tasks of one cell, None where fewer than ``needs_n`` have one."""
        rows = self.rows(tasks)
        standing = rows[~np.isnan(rows).any(axis=1)]
        return finite(self.of_mean(standing.mean(axis=0))) if len(standing) >= self.needs_n else None


def each(function: Callable[[TaskOutcomes], float | None]) -> Callable[[Sequence[TaskOutcomes]], Array]:
    """Lift a function of one task; None means that the task cannot have a value, whatever the agent does."""

    def parts(tasks: Sequence[TaskOutcomes]) -> Array:
        values = (function(task) if task.rollouts else None for task in tasks)
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64).reshape(-1, 1)

    return parts


def finite(value: float | Array) -> float | None:
    """Return a plain float, None where it is not finite (JSON has no word for it)."""
    return float(value) if math.isfinite(value) else None
