"""What there is of a sweep so far: each trial with its steps, its evaluation, and why it failed where it did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from berrypick.agents.training import run_dir
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks import result
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.studies.sweep import config
from berrypick.benchmarks.studies.sweep.config import ERROR, EVALUATION, TRAINING, Trial

#: Splits of the worlds that are evaluated in -> what they are.
SPLITS: Final = {
    "dev": "Worlds like those trained on (in almanac-small profiles state 95 % of all facts)",
    "test": "Test worlds (in almanac-small pages state half of the facts each, in almanac-even all)",
}
#: Plain cells of almanac-small beside those of almanac-even are reported apart, as worlds of this name.
SKEWED: Final = "skewed"


class TrialState(NamedTuple):
    """A trial and what there is of it.

    Attributes:
        trial: what was to be run.
        lines: steps of training so far.
        result: of the evaluation, None where it is not done.
        error: why it failed, None where it did not.
        before: tokens generated before the first step.
    """

    trial: Trial
    lines: list[Line]
    result: Result | None
    error: str | None
    before: int = 0


def read(out: Path) -> list[TrialState]:
    """Read what there is of a sweep; BadInput where there is no plan, or a file of it does not fit."""
    return [_read(trial, out / trial.place) for trial in config.planned(out).trials]


def _read(trial: Trial, place: Path) -> TrialState:
    log = place / TRAINING / run_dir.METRICS
    begun = log.is_file() and b"\n" in log.read_bytes()
    lines = run_dir.read_metrics(place / TRAINING, unfinished=True).lines if begun else []
    done = (place / EVALUATION / result.RESULT).is_file()
    error = (place / ERROR).read_text() if (place / ERROR).is_file() else None
    before = run_dir.generated_before(place / TRAINING)
    return TrialState(trial, lines, result.read(place / EVALUATION) if done else None, error, before)


def tracks(runs: Sequence[TrialState]) -> dict[str, list[TrialState]]:
    """The runs by track, in order of first mention."""
    found: dict[str, list[TrialState]] = {}
    for run in runs:
        found.setdefault(run.trial.track, []).append(run)
    return found
