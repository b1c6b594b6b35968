"""Compare two runs of one suite, question by question."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from berrypick.benchmarks import result, stats
from berrypick.benchmarks.metrics import METRICS
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.stats import Difference
from berrypick.errors import BadInput


class Comparison(NamedTuple):
    """Two runs, and metric -> first less second."""

    first: Result
    second: Result
    differences: dict[str, Difference]


def compare(first: Path, second: Path, seed: int = 0) -> Comparison:
    """Compare two run folders on the questions that both have, in the cells without knock-outs and faults.

    Args:
        first: a run folder.
        second: another, of the same suite over the same corpora.
        seed: of the resampling.

    Raises:
        BadInput: a folder holds no run, or the two were asked different things or scored differently.
    """
    a, b = result.read(first), result.read(second)
    _same("cells of the suite", a.config.cells, b.config.cells, second)
    _same("scorer", a.config.sources["scorer"], b.config.sources["scorer"], second)
    prints = a.provenance.fingerprints, b.provenance.fingerprints
    for name in sorted(set(prints[0]) & set(prints[1])):
        if name.startswith(("documents:", "questions:")):
            _same(name, prints[0][name], prints[1][name], second)
    apart = [number for number, cell in enumerate(a.config.cells) if not cell.plain]
    rows = stats.compare(result.read_outcomes(first), result.read_outcomes(second), METRICS, seed, apart)
    return Comparison(a, b, rows)


def _same(what: str, ours: object, theirs: object, place: Path) -> None:
    if ours != theirs:
        raise BadInput(f"{what}: differs between the two runs, so their numbers cannot be compared", file=place)
