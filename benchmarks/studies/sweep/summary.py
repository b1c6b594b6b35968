"""Results of a sweep: of every trial, and of every method over its seeds, paired with the baseline seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.metrics.table import METRICS, Value
from berrypick.benchmarks.result import BLANK, CellResult, Result
from berrypick.benchmarks.studies.sweep import lines
from berrypick.benchmarks.studies.sweep.compared import compared
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.benchmarks.studies.sweep.trials import SKEWED, SPLITS, TrialState
from berrypick.benchmarks.suites import ALMANAC, EVEN

#: Measures of a plain cell.
OF_CELLS: Final = (
    "EM", "pass@4", "pass@16", "strategies_D2", ceilings.NAME, "determinism", "dominant_share", "route_coverage",
)  # fmt: skip


#: Beginnings of measures of which more is better, beside those of cells.
MORE: Final = ("resilience_", "retained_accuracy_", "EM_", "never_", "reward_", "ways_", "refined_right")


class Spread(NamedTuple):
    """A mean over seeds with its interval.

    Attributes:
        value: None where no seed has one.
        low: lower end of the 95 % interval, None where there is none.
        high: upper end.
        n: seeds with a value.
        over: what the interval is over: "seeds", "questions" (those of the one run there is) or "".
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    over: str

    @property
    def estimate(self) -> Value:
        """The same, as pictures take it."""
        return Value(self.value, self.low, self.high, self.n)

    @property
    def sign(self) -> int:
        """1 or -1 where the interval over seeds lies above or below 0, else 0."""
        if self.over != "seeds" or self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)


NOTHING: Final = Spread(None, None, None, 0, "")


class SweepRow(NamedTuple):
    """A method of a track.

    Attributes:
        method: its name.
        trials: planned.
        runs: evaluated.
        measures: name -> mean over seeds.
        less: name -> mean over seeds of the difference from ``BASELINE`` with the same seed; none for the baseline.
    """

    method: str
    trials: int
    runs: int
    measures: dict[str, Spread]
    less: dict[str, Spread]


def measures(run: TrialState) -> dict[str, Value]:
    """What is reported of a trial: in the plain cells of each split, under knock-outs, and at the end of training."""
    if run.result is None:
        return {}
    found: dict[str, Value] = {}
    for split, plain in plain_cells(run.result).items():
        known = [ceilings.with_share(cell) for cell in plain]
        found |= {f"{name}_{split}": _mean([metrics.get(name, BLANK) for metrics in known]) for name in OF_CELLS}
    changes = [cell.change for cell in run.result.cells if "resilience" in cell.metrics]
    names = [f"resilience_{which}" for which in ("mean", "worst", *changes)]
    names += [f"{measure}_{change}" for measure in ("EM", "retained_accuracy") for change in changes]
    found |= {name: run.result.metrics[name] for name in names if name in run.result.metrics}
    return found | lines.measures(run.lines)


def plain_cells(found: Result) -> dict[str, list[CellResult]]:
    """The plain cells of a result by split; those of skewed worlds apart where the suite has even worlds too."""
    plain = [cell for cell in found.cells if cell.plain]
    both = {cell.setup["corpus"] for cell in plain} >= {EVEN, ALMANAC}
    groups: dict[str, list[CellResult]] = {}
    for cell in plain:
        name = SKEWED if both and cell.setup["corpus"] == ALMANAC else cell.setup["split"]
        if name in (*SPLITS, SKEWED):
            groups.setdefault(name, []).append(cell)
    return groups


def _mean(values: Sequence[Value]) -> Value:
    """Over cells; the interval is that of the one cell there is."""
    if len(values) == 1:
        return values[0]
    known = [value.value for value in values if value.value is not None]
    return Value(sum(known) / len(known) if len(known) == len(values) else None, None, None, 0)


def better(name: str) -> int:
    """1 if more of a measure is better, -1 if less is, 0 if neither."""
    of_cell = name.rpartition("_")[0]
    if of_cell in METRICS:
        return METRICS[of_cell].better
    more = of_cell == ceilings.NAME or name.startswith(MORE)
    return int(more) - int(name.startswith(("unsolved_", "invalid_")))


def t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of a mean, mean +- t(.975, n - 1) s / sqrt(n) (Student 1908); None below two values."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return None
    half = float(t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def spread(values: Sequence[Value]) -> Spread:
    """A measure over seeds; that of one seed has the interval over questions of its run."""
    known = [value for value in values if value.value is not None]
    numbers = [value.value for value in known if value.value is not None]
    if not numbers:
        return NOTHING
    if interval := t_interval(numbers):
        return Spread(float(np.mean(numbers)), *interval, len(numbers), "seeds")
    return Spread(numbers[0], known[0].low, known[0].high, 1, "questions" if known[0].low is not None else "")


def rows(runs: Sequence[TrialState]) -> list[SweepRow]:
    """The methods of one track, the start first."""
    of_method = by_seed(runs)
    planned = [run.trial.method for run in runs]
    return [_row(method, planned.count(method), of_method) for method in of_method]


def by_seed(runs: Sequence[TrialState]) -> dict[str, dict[int, dict[str, Value]]]:
    """Measures of the evaluated trials of one track: method -> seed -> name -> value."""
    shared = compared(runs)
    found: dict[str, dict[int, dict[str, Value]]] = {run.trial.method: {} for run in runs}
    for run in runs:
        if own := measures(run):
            trial = run.trial
            found[trial.method][trial.seed] = own | shared.get((trial.method, trial.seed), {})
    return found


def _row(method: str, trials: int, of_method: Mapping[str, Mapping[int, Mapping[str, Value]]]) -> SweepRow:
    ours, theirs = of_method[method], of_method.get(BASELINE, {})
    names = dict.fromkeys(name for found in ours.values() for name in found)
    over_seeds = {name: spread([found[name] for found in ours.values() if name in found]) for name in names}
    held = {} if method in (BASELINE, START) else {name: less(name, ours, theirs) for name in names}
    return SweepRow(method, trials, len(ours), over_seeds, held)


def less(name: str, ours: Mapping[int, Mapping[str, Value]], theirs: Mapping[int, Mapping[str, Value]]) -> Spread:
    """Ours less theirs, over the seeds in which both have a value."""
    both = [(ours[seed].get(name, BLANK), theirs[seed].get(name, BLANK)) for seed in ours if seed in theirs]
    pairs = [(a.value, b.value) for a, b in both]
    return spread([Value(a - b, None, None, 0) for a, b in pairs if a is not None and b is not None])
