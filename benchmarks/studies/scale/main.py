"""Quality and cost from a thousand to a million documents, on one page.

``make scale`` builds the nested corpora in a folder of its own, measures each and writes ``scale.html``,
``scale.png``, ``scale.csv`` and ``exponents.csv``. About half an hour and 3 GB of disk; what was measured before is not
measured again: after a change, choose another folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import tyro
from rich.console import Console

from berrypick import io
from berrypick.benchmarks import provenance
from berrypick.benchmarks.studies.scale import page as scale_page
from berrypick.benchmarks.studies.scale.measure import STEPS, Figures
from berrypick.errors import BadInput

NESTED: Final = ("almanac-1k", "almanac-10k", "almanac-100k", "almanac-large")


@dataclass
class Options:
    """Measure quality and cost by number of documents, and write a page about it.

    Figures that the folder holds are kept, whatever has changed since: choose another folder to measure anew.
    """

    out: Path = Path("runs/scale")
    """folder for the page and the figures"""
    sizes: tuple[str, ...] = NESTED
    """corpora to measure, smallest first; two at least, for the exponents"""
    home: Path | None = None
    """folder in which corpora are built (default: OUT/home); of one that is there already, no build is measured"""


def measure(name: str, step: str, out: Path, home: Path) -> Figures:
    """Run one step of one corpus in a process of its own, on one thread, unless its figures are there."""
    kept = _kept(name, step, out)
    if not kept.exists():
        command = [sys.executable, "-P", "-m", "berrypick.benchmarks.studies.scale.measure", step, name]
        environment = {**os.environ, "BERRYPICK_HOME": str(home.resolve()), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        io.write_bytes(kept, done.stdout)
    return msgspec.json.decode(kept.read_bytes(), type=Figures)


def _kept(name: str, step: str, out: Path) -> Path:
    return out / "steps" / f"{name}-{step}.json"


def main(options: Options) -> None:
    """Measure and write.

    Raises:
        BadInput: fewer than two sizes, or others than the nested corpora.
    """
    console = Console(stderr=True)
    if len(set(options.sizes)) < 2 or not set(options.sizes) <= set(NESTED):
        raise BadInput(f"needs two or more of {', '.join(NESTED)}, got {options.sizes}", field="sizes")
    home = options.home or options.out / "home"
    sizes: dict[str, Figures] = {}
    for name in options.sizes:
        sizes[name] = {}
        if options.home is None and not _kept(name, "build", options.out).exists():
            # What an interrupted build left would make this one look fast. Only ever in a folder of our own.
            shutil.rmtree(home / "corpora" / name, ignore_errors=True)
        for step in STEPS:
            console.print(f"{name}: {step}", highlight=False)
            sizes[name] |= measure(name, step, options.out, home)
    command = ["python", "-m", "berrypick.benchmarks.studies.scale.main", *sys.argv[1:]]
    page = scale_page.write(sizes, provenance.collect(command, {}, {}, {}), options.out)
    console.print(f"Page: {page}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main(tyro.cli(Options))
