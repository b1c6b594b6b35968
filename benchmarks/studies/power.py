"""The power of a study: standard errors of its primary measures, from the runs of a recorded sweep.

The primary measures are EM in every cell: plain accuracy, and accuracy under each knock-out (EM_K). Variances between
seeds, between questions and of the rest are those of a recorded sweep, averaged over its trained methods. The rest
contains the sampling of rollouts, at the number of rollouts that the sweep played.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array
from berrypick.benchmarks.result import CellResult, Result
from berrypick.benchmarks.stats.crossed import Components, components
from berrypick.benchmarks.studies.sweep import trials
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.errors import BadInput

#: Standard errors between 0 and an effect that a two-sided test at 5 % finds with a probability of 80 %:
#: z(0.975) + z(0.8) = 1.960 + 0.842.
DETECTABLE: Final = 2.802


class Precision(NamedTuple):
    """The precision of a measure in a planned study.

    Attributes:
        measure: name of the cell; its measure is EM.
        methods: trained methods that the variances are averaged over.
        questions: questions in the plan.
        arm: standard error of the value of one method.
        difference: standard error of its paired difference to ``BASELINE``, None where no method can be paired.
    """

    measure: str
    methods: int
    questions: int
    arm: float
    difference: float | None

    @property
    def detectable(self) -> float | None:
        """Smallest difference to the baseline that is found with a probability of 80 %."""
        return None if self.difference is None else DETECTABLE * self.difference


#: seed -> question -> share of right rollouts
Scores = Mapping[int, Mapping[str, float]]


def precisions(sweep: Path, track: str, seeds: int, questions: int | None = None) -> list[Precision]:
    """Compute the standard errors of a planned study from the trials of a recorded sweep.

    Args:
        sweep: folder of the sweep.
        track: one of its tracks.
        seeds: seeds in the plan, at least two.
        questions: questions in each cell of the plan; None for as many as were recorded.

    Returns:
        One row a cell, in the order of the suite.

    Raises:
        BadInput: no such track, no method that was evaluated with two seeds, no two questions that all were asked, or
            a number below 2.
    """
    for name, number in (("seeds", seeds), ("questions", questions)):
        if number is not None and number < 2:
            raise BadInput(f"must be 2 or more, got {number}", field=name)
    recorded = trials.tracks(trials.read(sweep))
    if track not in recorded:
        raise BadInput(f"must be one of {', '.join(recorded)}; got {track!r}", file=sweep, field="track")
    found = scores(recorded[track])
    if not found:
        raise BadInput(f"no method of track {track!r} was evaluated with two seeds or more", file=sweep)
    return [_precision(measure, of_method, seeds, questions) for measure, of_method in found.items()]


def scores(runs: Iterable[trials.TrialState]) -> dict[str, dict[str, dict[int, dict[str, float]]]]:
    """Collect cell -> method -> seed -> question -> share of right rollouts, of methods with two seeds or more."""
    found: dict[str, dict[str, dict[int, dict[str, float]]]] = {}
    for run in runs:
        if run.result is None or run.trial.method == START:
            continue
        for number, cell in enumerate(run.result.cells):
            if not cell.readable:
                continue
            of_method = found.setdefault(_measure(cell), {}).setdefault(run.trial.method, {})
            of_method[run.trial.seed] = _shares(run.result, number)
    several = {cell: {name: own for name, own in each.items() if len(own) > 1} for cell, each in found.items()}
    return {cell: of_method for cell, of_method in several.items() if of_method}


def _measure(cell: CellResult) -> str:
    """What the cell is called; the move that a policy was refused differs between policies, so it is left out."""
    return f"{cell.where} {cell.change.partition(':')[0]}".strip()


def _shares(result: Result, cell: int) -> dict[str, float]:
    return {row.question_id: row.correct / row.rollouts for row in result.questions if row.cell == cell}


def table(of_seed: Scores, seeds: Sequence[int], questions: Sequence[str]) -> Array:
    """Lay scores out; shape (seeds, questions)."""
    return np.array([[of_seed[seed][question] for question in questions] for seed in seeds])


def _precision(measure: str, of_method: Mapping[str, Scores], seeds: int, questions: int | None) -> Precision:
    asked = sorted(set.intersection(*(set(own) for each in of_method.values() for own in each.values())))
    if len(asked) < 2:
        raise BadInput(f"needs two questions that all trials were asked, found {len(asked)}", field=measure)
    planned = questions or len(asked)
    arms = [components(table(own, sorted(own), asked)) for own in of_method.values()]
    baseline = of_method.get(BASELINE, {})
    pairs = [
        components(table(own, both, asked) - table(baseline, both, asked))
        for method, own in of_method.items()
        if method != BASELINE and len(both := sorted(own.keys() & baseline.keys())) > 1
    ]
    arm = _mean(arms).standard_error(seeds, planned)
    return Precision(measure, len(arms), planned, arm, _mean(pairs).standard_error(seeds, planned) if pairs else None)


def _mean(found: Sequence[Components]) -> Components:
    return Components(*(fmean(part) for part in zip(*found, strict=True)))
