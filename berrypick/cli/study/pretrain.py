"""``study pretrain``: make a published start again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.bench import cores
from berrypick.cli.console import OUT, Progress, steps


def pretrain(
    start: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="START")],
    out: Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/START)")] = None,
    jobs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: number of cores)")] = None,
) -> int:
    """Make a published start again: demonstrations of the scripts, training on them, and a model card.

    tiny-base takes two hours of one core, tiny-even one, the text starts that are finished from it half an hour,
    discrete-diverse a few minutes. The same command goes on where it was stopped. Writes policy/ (which `--from` and
    `lm:` or `discrete:` take) and evaluation/.

    Args:
        start: tiny-even, tiny-diverse, tiny-narrow, tiny-base or discrete-diverse.
        out: folder for it.
        jobs: processes for demonstrations and evaluation.
    """
    from berrypick.benchmarks.studies.starts.make import make_start

    out = out or Path("runs") / start
    with steps() as start_progress:
        stages: dict[int, Progress] = {}

        def on_progress(what: str, number: int, total: int) -> None:
            if total not in stages:
                stages[total] = start_progress(total)
            stages[total](what, number or None)

        make_start(start, out, jobs or cores(), on_progress)
    OUT.print(f"policy: {out / 'policy'}", soft_wrap=True)
    return 0
