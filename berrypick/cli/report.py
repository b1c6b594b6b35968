"""``report``: on runs of the benchmark, or on training runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.console import OUT
from berrypick.errors import BadInput

Runs = Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="RUN ...", help_behavior_hint="(one or more)")]


def report(
    runs: Runs,
    out: Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: the one RUN)")] = None,
) -> int:
    """Write report.html and its pictures for one run, or for several side by side.

    Runs of the benchmark give accuracy and diversity; training runs give the collapse report; the folder of a sweep
    gives its page, whole or not.

    Args:
        runs: run folders, or folders of run folders, all of one kind; or one sweep.
        out: where to write.
    """
    if not runs:
        raise BadInput("name at least one; `berrypick bench AGENT --out DIR` makes one", field="RUN")
    if out is None and len(runs) > 1:
        raise BadInput("say where to write the report on several runs", field="--out")
    page = _write(runs, out or runs[0])
    OUT.print(f"Report: {page}", markup=False, soft_wrap=True)
    return 0


def _write(paths: Sequence[Path], out: Path) -> Path:
    from berrypick.agents.training.run_dir import is_run
    from berrypick.benchmarks.studies.sweep.config import PLAN

    if len(paths) == 1 and (paths[0] / PLAN).is_file():
        from berrypick.benchmarks.studies.sweep.page import write_page

        return write_page(paths[0], out)
    found = run_folders(paths)
    trained = [folder for folder in found if is_run(folder)]
    if not trained:
        from berrypick.benchmarks import result
        from berrypick.benchmarks.report import page as reports

        return reports.write([result.read(folder) for folder in found], out)
    if others := [folder for folder in found if folder not in trained]:
        reason = f"{trained[0]} is a training run, {others[0]} one of the benchmark; report on one kind at a time"
        raise BadInput(reason, field="RUN")
    from berrypick.benchmarks.studies.collapse import page as collapse_page
    from berrypick.benchmarks.studies.collapse import report as collapse_report

    return collapse_page.write(collapse_report.read(found), out)


def run_folders(paths: Sequence[Path]) -> list[Path]:
    """The run folders that paths name, directly or by the folder that holds them; raises BadInput where none do."""
    found: list[Path] = []
    for path in paths:
        below = [path] if _is_any(path) else [folder for folder in sorted(path.glob("*")) if _is_any(folder)]
        if not below:
            reason = "no run here; `berrypick bench AGENT --out DIR` or `berrypick train METHOD --out DIR` makes one"
            raise BadInput(reason, file=path)
        found += below
    return found


def _is_any(folder: Path) -> bool:
    from berrypick.agents.training.run_dir import is_run
    from berrypick.benchmarks.result import RESULT

    return (folder / RESULT).is_file() or is_run(folder)
