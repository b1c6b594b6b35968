"""Accuracy under knock-outs relative to plain accuracy, as docs/design.md defines it.

A cell with knock-outs is compared with its plain cell, question by question, over the questions that the audit calls
solvable still. Comprehension shifts ask other words, often of another corpus, and are told by their accuracy alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from berrypick.benchmarks.dominant_move import plain_of
from berrypick.benchmarks.metrics.base import Array, TaskOutcomes, Value
from berrypick.benchmarks.stats import bootstrap, intervals
from berrypick.benchmarks.stats.bootstrap import Difference, Estimate
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import SHIFTS, is_dominant_move
from berrypick.registry import Table

#: Mean accuracy in the plain cell below which there is nothing to keep.
WEAK: Final = 0.05


class Part(NamedTuple):
    """What one changed cell adds to one measure.

    Attributes:
        measure: ``resilience``, ``EM``, ``retained_accuracy`` or ``comprehension``.
        change: the changes of the cell, as the suite names them.
        cell: number of the cell.
        stream: number of the cell whose questions are resampled: one stream for all that is compared with one cell.
        rows: question to (numerator, denominator) of the measure, NaN where the question does not count.
    """

    measure: str
    change: str
    cell: int
    stream: int
    rows: dict[str, tuple[float, float]]

    @property
    def name(self) -> str:
        """The measure's key in result files."""
        return f"{self.measure}_{self.change}"


def parts(cells: Sequence[Cell], setups: Sequence[Mapping[str, Any]], tasks: Sequence[TaskOutcomes]) -> list[Part]:
    """Take a run's changed cells apart.

    Args:
        cells: the suite's cells.
        setups: what each cell's environment was made with; its knock-outs say what ``no_dominant_move`` was.
        tasks: the run's tasks.

    Raises:
        ValueError: the suite lacks the plain cell of one with knock-outs.
    """
    of_cell: list[dict[str, TaskOutcomes]] = [{} for _ in cells]
    for task in tasks:
        of_cell[task.cell][task.question_id] = task
    found = []
    for number, (cell, setup) in enumerate(zip(cells, setups, strict=True)):
        change = "+".join(cell.knockouts)
        if cell.faults or not cell.knockouts:
            continue
        right = {id: (accuracy(task), 1.0) for id, task in of_cell[number].items()}
        if change in SHIFTS:
            found.append(Part("comprehension", change, number, number, right))
        elif not SHIFTS.keys() & set(cell.knockouts):
            plain = plain_of(cells, cell)
            rows = kept(of_cell[plain], of_cell[number], setup["knockouts"])
            found.append(Part("resilience", change, number, plain, rows))
            found.append(Part("EM", change, number, number, right))
            ratios = retained(of_cell[plain], of_cell[number], setup["knockouts"])
            found.append(Part("retained_accuracy", change, number, plain, ratios))
    return found


def solvable(task: TaskOutcomes, knockouts: Sequence[str]) -> bool:
    """Whether the audit left a viable route under each knock-out; yes where it could not say.

    ``no_dominant_move:TOOL/FORM`` refuses one form of one tool, and another form of the same engine is left; pages are
    opened by their title alone.
    """
    if task.survives is None:
        return True
    audited = ("no_open" if is_dominant_move(name) and ":open/" in name else name for name in knockouts)
    return all(name in task.survives for name in audited if not is_dominant_move(name))


def accuracy(task: TaskOutcomes | None) -> float:
    """Return the share of exact matches; a task that was not played has none."""
    return sum(outcome.em for outcome in task.outcomes) / task.rollouts if task and task.rollouts else 0.0


def kept(
    plain: Mapping[str, TaskOutcomes], changed: Mapping[str, TaskOutcomes], knockouts: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return, by question, the accuracy that is left of what there was in the plain cell, and what there was.

    A question that cannot be solved any more counts for nothing (NaN). A gain is no part of what is left, so that it
    pays for no loss on another question.
    """
    pairs = retained(plain, changed, knockouts)
    return {id: (min(before, after), before) for id, (after, before) in pairs.items()}


def retained(
    plain: Mapping[str, TaskOutcomes], changed: Mapping[str, TaskOutcomes], knockouts: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return, by question, the accuracy under a knock-out and in the plain cell; NaN where it cannot be solved.

    Gains count here, so that an unchanged environment has a ratio of 1 on average, for diverse and deterministic agents
    alike.
    """
    rows = {}
    for id in sorted(plain.keys() | changed.keys()):
        counts = solvable(plain.get(id) or changed[id], knockouts)
        rows[id] = (accuracy(changed.get(id)), accuracy(plain.get(id))) if counts else (math.nan, math.nan)
    return rows


def _share(means: Array) -> Array:
    """What was kept of what there was to keep."""
    kept, whole = means[..., 0], means[..., 1]
    return np.where(whole < WEAK, 0.0, kept / np.maximum(whole, WEAK))


#: Measures of a cell relative to its plain cell, which the cell itself has too.
RELATIVE: Final = ("resilience", "retained_accuracy")


class Summary(NamedTuple):
    """Measures over changed cells, and those relative to the plain cell of each cell by its number."""

    overall: dict[str, Value]
    cells: dict[int, dict[str, Value]]


def summarise(found: Sequence[Part], seed: int) -> Summary:
    """Give the measures of a run their intervals; ``seed`` is of the resampling."""
    estimates = [_estimate(part, _rows(part, sorted(part.rows)), seed) for part in found]
    overall = {name: bootstrap.value(estimate) for name, estimate in _over_cells(found, estimates).items()}
    of_cells: dict[int, dict[str, Value]] = {}
    for part, estimate in zip(found, estimates, strict=True):
        if part.measure in RELATIVE:
            of_cells.setdefault(part.cell, {})[part.measure] = bootstrap.value(estimate)
    return Summary(overall, of_cells)


def compare(first: Sequence[Part], second: Sequence[Part], seed: int) -> dict[str, Difference]:
    """Compare two runs of the same cells, question by question: first less second.

    A question counts where it does in both runs: their dominant moves differ, and so does what is solvable without.
    """
    ours, theirs = list[Estimate | None](), list[Estimate | None]()
    for a, b in zip(first, second, strict=True):
        shared = sorted(a.rows.keys() & b.rows.keys())
        rows = intervals.on_both(_rows(a, shared), _rows(b, shared))
        ours.append(_estimate(a, rows[0], seed))
        theirs.append(_estimate(b, rows[1], seed))
    pairs = zip(_over_cells(first, ours).items(), _over_cells(second, theirs).values(), strict=True)
    return {name: bootstrap.difference(bootstrap.less(a, b) if a and b else None) for (name, a), b in pairs}


def _rows(part: Part, questions: Sequence[str]) -> Array:
    return np.array([part.rows[id] for id in questions], dtype=np.float64).reshape(-1, 2)


def _estimate(part: Part, rows: Array, seed: int) -> Estimate | None:
    return bootstrap.estimate(_share, rows, bootstrap.draw(len(rows), seed, part.stream)) if len(rows) else None


def _over_cells(found: Sequence[Part], estimates: Sequence[Estimate | None]) -> dict[str, Estimate | None]:
    """Means over the cells of each measure, and mean and worst of resilience over the knock-outs."""
    named: dict[str, list[Estimate | None]] = {}
    for part, estimate in zip(found, estimates, strict=True):
        named.setdefault(part.name, []).append(estimate)
    overall = {name: bootstrap.mean(several) for name, several in named.items()}
    names = dict.fromkeys(part.name for part in found if part.measure == "resilience")
    if names:
        over_knockouts = [overall[name] for name in names]
        overall["resilience_mean"] = bootstrap.mean(over_knockouts)
        overall["resilience_worst"] = bootstrap.least(over_knockouts)
    return overall


MEASURES: Table[Callable[..., object]] = Table("measure")
MEASURES.add(
    "resilience",
    kept,
    "share of the plain cell's exact matches that is left under a knock-out: sum of min(p_K, p_0) / sum of p_0 over "
    "questions that stay solvable, 0 if mean p_0 is below .05. With few rollouts chance alone lowers it: what is right "
    "half of the time, and goes on so, has .86 with 16 rollouts",
)
MEASURES.add(
    "retained_accuracy",
    retained,
    "EM_K / EM_0: accuracy under a knock-out divided by accuracy in the plain cell, over questions that stay solvable; "
    "0 if the plain accuracy is below .05. Gains count, so that an unchanged environment has 1 on average",
)
MEASURES.add("resilience_mean", bootstrap.mean, "mean of resilience over the suite's knock-outs")
MEASURES.add("resilience_worst", bootstrap.least, "resilience under the worst of the suite's knock-outs")
MEASURES.add("comprehension", accuracy, "share of exact matches where questions are worded otherwise")
