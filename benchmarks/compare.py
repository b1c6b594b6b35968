"""Compare two runs of one suite, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics import robustness
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.stats.bootstrap import Difference
from berrypick.errors import BadInput

#: Metrics that are computed from grounded successes alone.
OF_SUCCESSES: Final = (
    "strategies_D2",
    "strategies_D1",
    "vendi",
    "dominant_share",
    "route_coverage",
    "route_coverage@4",
    "evidence_diversity",
)


class Comparison(NamedTuple):
    """Two runs, and metric -> first less second.

    Attributes:
        first: one run.
        second: the other.
        questions: number of questions of the plain cells that were compared.
        differences: metric to difference.
    """

    first: Result
    second: Result
    questions: int
    differences: dict[str, Difference]


def compare(first: Path, second: Path, seed: int = 0, *, matched: bool = False) -> Comparison:
    """Compare two run folders on the questions that both have.

    Metrics are compared in the cells without knock-outs and faults, the measures of ``robustness`` in the others.

    Args:
        first: a run folder.
        second: another, of the same suite over the same corpora.
        seed: of the resampling.
        matched: compare how diverse equally many grounded successes are (``match``), and nothing else.

    Raises:
        BadInput: a folder holds no run, or the two were asked different things or scored differently.
    """
    a, b = result.read(first), result.read(second)
    _same("cells of the suite", a.config.cells, b.config.cells, second)
    _same("versions of suite, protocol and scorer", a.config.contract, b.config.contract, second)
    prints = a.provenance.fingerprints, b.provenance.fingerprints
    for name in sorted(set(prints[0]) & set(prints[1])):
        if name.startswith(("documents:", "questions:")):
            _same(name, prints[0][name], prints[1][name], second)
    apart = [number for number, cell in enumerate(a.config.cells) if not cell.plain]
    ours, theirs = result.read_outcomes(first), result.read_outcomes(second)
    kept = {} if matched else robustness.compare(_changed(a, ours), _changed(b, theirs), seed)
    if matched:
        ours, theirs = match(ours, theirs)
    rows = intervals.compare(ours, theirs, OF_SUCCESSES if matched else METRICS, seed, apart)
    return Comparison(a, b, len(_plain(ours, apart) & _plain(theirs, apart)), rows | kept)


def match(
    first: Sequence[TaskOutcomes], second: Sequence[TaskOutcomes]
) -> tuple[list[TaskOutcomes], list[TaskOutcomes]]:
    """Cut two runs down to equally many grounded successes on every task, so that accuracy plays no part.

    Rollouts of a task are exchangeable, so the first ones stand for any. Tasks with fewer than two are left out.
    """
    other = {(task.cell, task.question_id): task for task in second}
    both = [(task, other[task.cell, task.question_id]) for task in first if (task.cell, task.question_id) in other]
    pairs = [(a, b, min(len(a.grounded), len(b.grounded))) for a, b in both]
    cut = [(_successes(a, count), _successes(b, count)) for a, b, count in pairs if count >= 2]
    return [a for a, _ in cut], [b for _, b in cut]


def _successes(task: TaskOutcomes, count: int) -> TaskOutcomes:
    return msgspec.structs.replace(task, outcomes=tuple(task.grounded[:count]), errors=0)


def _plain(tasks: Sequence[TaskOutcomes], apart: Sequence[int]) -> set[tuple[int, str]]:
    return {(task.cell, task.question_id) for task in tasks if task.cell not in apart}


def _changed(run: Result, tasks: Sequence[TaskOutcomes]) -> list[robustness.Part]:
    return robustness.parts(run.config.cells, [cell.setup for cell in run.cells], tasks)


def _same(what: str, ours: object, theirs: object, place: Path) -> None:
    if ours != theirs:
        raise BadInput(f"{what}: differs between the two runs, so their numbers cannot be compared", file=place)
