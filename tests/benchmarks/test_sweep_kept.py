"""The committed numbers of a sweep are those of the committed trials, from which it can be gone on with."""

from __future__ import annotations

import tarfile
from pathlib import Path

from berrypick.benchmarks import sweep, sweep_page, sweep_runs
from berrypick.benchmarks.sweep_run import is_done

KEPT = Path(__file__).resolve().parents[2] / "docs" / "results" / "critique"


def test_the_committed_sweep_is_that_of_its_trials(tmp_path: Path):
    with tarfile.open(KEPT / "trials.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    found = sweep_runs.tracks(sweep_runs.read(tmp_path))
    assert sweep_page.table(found) == (KEPT / sweep_page.TABLE).read_text()
    plan = sweep.read(sweep.find("critique"))
    sweep.claim(plan, tmp_path)  # raises where the shipped file asks for other trials than were run
    assert sum(is_done(trial, tmp_path) for trial in plan.trials) == 86
