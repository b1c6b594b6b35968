"""``study scale``: quality and cost by number of documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from berrypick.cli.console import OUT


def scale(
    out: Path = Path("runs/scale"),
    sizes: tuple[str, ...] = ("almanac-1k", "almanac-10k", "almanac-100k", "almanac-large"),
    home: Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: OUT/home)")] = None,
) -> int:
    """Measure quality and cost from 1k to 1M documents, and write a page: half an hour and 3 GB.

    Figures that the folder holds are kept, whatever has changed since: choose another folder to measure anew.

    Args:
        out: folder for the page and the figures.
        sizes: corpora to measure, smallest first; two at least, for the exponents.
        home: folder in which corpora are built; of one that is there already, no build is measured.
    """
    from berrypick.benchmarks.studies.scale.main import run

    OUT.print(f"Page: {run(out, sizes, home)}", markup=False, soft_wrap=True)
    return 0
