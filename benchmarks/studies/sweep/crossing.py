"""Methods of a sweep against the baseline: differences with crossed-bootstrap intervals, and what they allow to say.

The intervals are over seeds and questions, which all arms share. "Better" is said where the 95 % interval excludes 0,
"no effect" where the 90 % interval lies within the smallest effect of interest (two one-sided tests).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array
from berrypick.benchmarks.result import QuestionResult
from berrypick.benchmarks.stats.crossed import Crossed, diversity_difference
from berrypick.benchmarks.stats.crossed import difference as mean_difference
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.benchmarks.studies.sweep.trials import TrialState
from berrypick.diversity import pairs_alike, pass_at_k

#: Seed of the resampling.
SEED: Final = 0
#: Attempts of pass@k.
ATTEMPTS: Final = 4
#: Smallest effects of interest: shares, and strategies.
SHARE: Final = 0.05
STRATEGIES: Final = 0.3

BETTER, WORSE, NO_EFFECT, UNDECIDED = "better", "worse", "no effect", "undecided"


class Measure(NamedTuple):
    """A measure of questions that is compared.

    Attributes:
        name: its name.
        margin: smallest effect of interest.
        of: a question's result to its value, NaN where it has none.
        difference: first and second arm, shape (seeds, questions), and a seed, to the difference.
        is_plain: whether it is of plain cells alone.
    """

    name: str
    margin: float
    of: Callable[[QuestionResult], float]
    difference: Callable[[Array, Array, int], Crossed]
    is_plain: bool = False


def _alike(row: QuestionResult) -> float:
    counts = list(row.strategies.values())
    return pairs_alike(counts) if sum(counts) >= 2 else np.nan


def _pass(row: QuestionResult) -> float:
    return pass_at_k(max(row.rollouts, ATTEMPTS), row.correct, ATTEMPTS)


MEASURES: Final = (
    Measure("EM", SHARE, lambda row: row.correct / row.rollouts, mean_difference),
    Measure(f"pass@{ATTEMPTS}", SHARE, _pass, mean_difference),
    Measure("strategies_D2", STRATEGIES, _alike, diversity_difference, is_plain=True),
)


class Comparison(NamedTuple):
    """One method less the baseline in one measure of one cell.

    Attributes:
        method: the method.
        cell: what is searched and what was changed there.
        measure: name of the measure.
        margin: smallest effect of interest.
        found: the difference.
    """

    method: str
    cell: str
    measure: str
    margin: float
    found: Crossed

    @property
    def verdict(self) -> str:
        """What the intervals allow to say; an effect that excludes 0 is named even where it is below the margin."""
        if self.found.excludes_zero:
            return BETTER if self.found.value > 0 else WORSE
        return NO_EFFECT if self.found.is_equivalent(self.margin) else UNDECIDED


#: (cell, measure) -> seed -> question -> value
_Scores = dict[tuple[str, str], dict[int, dict[str, float]]]


def comparisons(runs: Sequence[TrialState]) -> list[Comparison]:
    """Compare the methods of one track with the baseline, over the seeds and questions that both have.

    Methods that share fewer than two seeds with the baseline are left out: there is no interval over seeds.
    """
    scores: dict[str, _Scores] = {}
    for run in runs:
        if run.result is not None and run.trial.method != START:
            _add(scores.setdefault(run.trial.method, {}), run)
    theirs = scores.pop(BASELINE, {})
    found = []
    for method, ours in scores.items():
        for cell, name in ours:
            pair = ours[cell, name], theirs.get((cell, name), {})
            if (one := _compare(method, cell, name, *pair)) is not None:
                found.append(one)
    return found


def _add(scores: _Scores, run: TrialState) -> None:
    assert run.result is not None
    for number, cell in enumerate(run.result.cells):
        if not cell.readable:
            continue
        rows = [row for row in run.result.questions if row.cell == number and row.rollouts]
        label = f"{cell.where} {cell.change.partition(':')[0]}".strip()
        for measure in MEASURES:
            if cell.plain or not measure.is_plain:
                of_seed = scores.setdefault((label, measure.name), {})
                of_seed[run.trial.seed] = {row.question_id: measure.of(row) for row in rows}


def _compare(
    method: str,
    cell: str,
    name: str,
    ours: Mapping[int, Mapping[str, float]],
    theirs: Mapping[int, Mapping[str, float]],
) -> Comparison | None:
    measure = next(measure for measure in MEASURES if measure.name == name)
    seeds = sorted(ours.keys() & theirs.keys())
    if len(seeds) < 2:
        return None
    asked = sorted(set.intersection(*(set(arm[seed]) for arm in (ours, theirs) for seed in seeds)))
    if len(asked) < 2:
        return None
    tables = [np.array([[arm[seed][question] for question in asked] for seed in seeds]) for arm in (ours, theirs)]
    found = measure.difference(tables[0], tables[1], SEED)
    return Comparison(method, cell, name, measure.margin, found) if np.isfinite(found.value) else None


HEAD: Final = ("track", "method", "cell", "measure", "seeds", "questions", "difference")
ENDS: Final = ("low", "high", "low_90", "high_90", "margin", "verdict")


def table(tracks: Mapping[str, Sequence[TrialState]]) -> str:
    """``compared.csv``: a row a comparison, ends of the 95 % and of the 90 % interval among its columns."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*HEAD, *ENDS])
    for track, runs in tracks.items():
        for one in comparisons(runs):
            ends = [one.found.value, *one.found.interval, *one.found.interval_90]
            sizes = [one.found.seeds, one.found.questions]
            numbers = [f"{end:.4f}" for end in ends]
            lines.writerow([track, one.method, one.cell, one.measure, *sizes, *numbers, one.margin, one.verdict])
    return text.getvalue()
