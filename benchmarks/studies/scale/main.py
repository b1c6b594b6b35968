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
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from berrypick import io
from berrypick.benchmarks import provenance
from berrypick.benchmarks.studies.scale import page as scale_page
from berrypick.benchmarks.studies.scale.measure import STEPS, Figures
from berrypick.errors import BadInput

NESTED: Final = ("almanac-1k", "almanac-10k", "almanac-100k", "almanac-large")


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


def run(out: Path, sizes: Sequence[str] = NESTED, home: Path | None = None) -> Path:
    """Measure and write.

    Args:
        out: folder for the page and the figures; figures that it holds are kept, whatever has changed since.
        sizes: corpora to measure, smallest first; two at least, for the exponents.
        home: folder in which corpora are built; ``out/home`` for None. Of one that is there already no build is
            measured.

    Returns:
        The page.

    Raises:
        BadInput: fewer than two sizes, or others than the nested corpora.
    """
    console = Console(stderr=True)
    if len(set(sizes)) < 2 or not set(sizes) <= set(NESTED):
        raise BadInput(f"needs two or more of {', '.join(NESTED)}, got {tuple(sizes)}", field="sizes")
    place = home or out / "home"
    figures: dict[str, Figures] = {}
    for name in sizes:
        figures[name] = {}
        if home is None and not _kept(name, "build", out).exists():
            # What an interrupted build left would make this one look fast. Only ever in a folder of our own.
            shutil.rmtree(place / "corpora" / name, ignore_errors=True)
        for step in STEPS:
            console.print(f"{name}: {step}", highlight=False)
            figures[name] |= measure(name, step, out, place)
    command = ["berrypick", "study", "scale", "--sizes", *sizes, "--out", str(out)]
    return scale_page.write(figures, provenance.collect(command, {}, {}, {}), out)
