"""The committed numbers of a sweep are those of the committed trials, from which it can be gone on with."""

from __future__ import annotations

import csv
import tarfile
from pathlib import Path

from berrypick.benchmarks.studies.sweep import config, page, trials
from berrypick.benchmarks.studies.sweep.runner import is_done

KEPT = Path(__file__).resolve().parents[4] / "docs" / "results" / "critique"


def test_the_committed_sweep_is_that_of_its_trials(tmp_path: Path):
    with tarfile.open(KEPT / "trials.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    found = trials.tracks(trials.read(tmp_path))
    now, kept = (
        list(csv.DictReader(text.splitlines())) for text in (page.table(found), (KEPT / page.TABLE).read_text())
    )
    # Measures that are newer than the sweep add columns, and change none.
    assert [{name: row[name] for name in kept[0]} for row in now] == kept
    plan = config.read(config.find("critique"))
    config.claim(plan, tmp_path)  # raises where the shipped file asks for other trials than were run
    assert sum(is_done(trial, tmp_path) for trial in plan.trials) == 86
