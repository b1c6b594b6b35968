"""``sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.bench import cores, open_executor
from berrypick.cli.console import ERR, OUT, steps

File = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
Where = Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/NAME of the file)")]
Reuse = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="PATH ...", help_behavior_hint="(default: none)")]
Jobs = Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: number of cores)")]


def sweep(file: File, out: Where = None, reuse: Reuse = (), jobs: Jobs = None, on: str = "local") -> int:
    """Train methods x seeds, evaluate what comes out, and write one page that compares them.

    The same command skips what is done and goes on with the rest. A run that fails leaves error.txt in its folder, and
    the others go on; the exit code is then 1.

    Args:
        file: a TOML file, or a sweep that `berrypick list sweeps` lists.
        out: folder for all runs, sweep.html, its pictures and sweep.csv.
        reuse: folders of other sweeps; trials that are done there and differ in nothing but the name of their track
            are copied.
        jobs: processes, each on one thread.
        on: local, or ray[:ADDRESS][?cpus=1&gpus=0]: what a trial needs; without an address, a cluster of this machine.
    """
    from berrypick.benchmarks.studies.sweep import config as sweeps
    from berrypick.benchmarks.studies.sweep.page import write_page
    from berrypick.benchmarks.studies.sweep.reuse import reuse as copy
    from berrypick.benchmarks.studies.sweep.runner import run

    path = sweeps.find(file)
    plan, out = sweeps.read(path), out or Path("runs") / path.stem
    for trial in copy(plan, out, reuse):
        ERR.print(f"{trial.label}: copied", markup=False, soft_wrap=True)
    processes = cores() if jobs is None else jobs
    with steps() as start_progress:
        executor = open_executor(on, processes)
        failed = run(plan, out, jobs=processes, executor=executor, start_progress=start_progress)
    for trial in failed:
        place = out / trial.place / sweeps.ERROR
        ERR.print(f"{trial.label} failed; see {place}", style="red", markup=False, soft_wrap=True)
    OUT.print(f"Page: {write_page(out)}", markup=False, soft_wrap=True)
    return 1 if failed else 0
