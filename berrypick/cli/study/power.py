"""``study power``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import tyro

from berrypick.cli.console import OUT, table

Count = Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: as many as were recorded)")]
Folder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SWEEP")]

_NUMBERS: Final = ("questions", "one method", "difference to grpo", "detectable at 80 %")


def power(sweep: Folder, track: str, seeds: int = 3, questions: Count = None) -> int:
    """Print the standard error of EM in every cell for a planned study, from the runs of a recorded sweep.

    Variances between seeds, between questions and of the sampling of rollouts are measured in the recorded trials. The
    last column is the smallest difference to grpo that a study of this size finds with a probability of 80 %.

    Args:
        sweep: the folder of a sweep, for example docs/results/critique/trials.tar.xz unpacked.
        track: one of its tracks.
        seeds: seeds in the plan.
        questions: questions in each cell of the plan.
    """
    from berrypick.benchmarks.studies.power import precisions

    rows = precisions(sweep, track, seeds, questions)
    made = table(f"Standard errors of EM, {seeds} seeds", "cell", "methods", *_NUMBERS, right=("methods", *_NUMBERS))
    for row in rows:
        paired = ("\u2013", "\u2013")
        if row.difference is not None and row.detectable is not None:
            paired = (f"{row.difference:.3f}", f"{row.detectable:.3f}")
        made.add_row(row.measure, str(row.methods), str(row.questions), f"{row.arm:.3f}", *paired)
    OUT.print(made)
    return 0
