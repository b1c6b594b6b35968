"""``study ceilings``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.console import OUT, table
from berrypick.errors import BadInput

Runs = Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="RUN ...", help_behavior_hint="(one or more)")]
File = Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: print only)")]


def ceilings(runs: Runs, file: File = None) -> int:
    """Print the ceilings of strategies_D2 that runs of hop_mixture measured, cell by cell; write them to a file.

    Make the runs with `berrypick bench hop_mixture --suite SUITE`. Of two runs of one cell the one on more questions
    counts; ceilings of other cells that the file has stay.

    Args:
        runs: folders of runs of hop_mixture.
        file: where to write; benchmarks/metrics/ceilings.json is what tables read.
    """
    from berrypick.benchmarks import result
    from berrypick.benchmarks.metrics import ceilings as recorded

    found = []
    for folder in runs:
        run = result.read(folder)
        if run.agent != recorded.AGENT:
            raise BadInput(f"must be a run of {recorded.AGENT}, found one of {run.agent}", file=folder)
        found += recorded.measured(run)
    heads = ("strategies_D2", "95 %", "n")
    made = table("Ceilings of strategies_D2", "corpus", "split", "knock-outs", *heads, right=heads)
    for row in found:
        between = "" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
        what = (row.env.removeprefix("berrypick/").rsplit("-v", 1)[0], row.corpus)
        made.add_row(" ".join(what), row.split or "", " ".join(row.knockouts), f"{row.value:.2f}", between, str(row.n))
    OUT.print(made)
    if file is not None:
        recorded.write(file, [*found, *(recorded.read(file) if file.is_file() else [])])
    return 0
