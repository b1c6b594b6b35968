"""Rows of a sweep's policies: one a method, where every seed is evaluated."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from berrypick.benchmarks import run
from berrypick.benchmarks.studies.sweep import config, trials
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.leaderboard.board import groups
from berrypick.leaderboard.maintain import sweep_rows
from berrypick.leaderboard.verify import submission

SWEEP = """
[[tracks]]
name = "text"
suite = "trained-tiny"
methods = ["grpo", "grpo+kl_cov+critique_grpo", "r3"]
seeds = [0, 1, 2]
training = { env = "berrypick/Almanac-v0", start = "tiny-diverse", steps = 1 }
"""


def test_a_method_whose_seeds_are_all_there_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(
        SUITES._rows, "trained-tiny", (Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=2, rollouts=2),)
    )
    (tmp_path / "sweep.toml").write_text(SWEEP)
    plan = config.read(tmp_path / "sweep.toml")
    config.claim(plan, tmp_path)
    for trial in plan.trials:
        if (trial.method, trial.seed) != ("r3", 2):
            run.run(["mixture"], "trained-tiny", trial.seed, tmp_path / trial.place / config.EVALUATION)
    submissions = tmp_path / "board" / "submissions"
    names = ["trained-tiny-mine-text-grpo", "trained-tiny-mine-text-grpo-kl_cov-critique_grpo"]
    assert list(sweep_rows.make(tmp_path, "mine", submissions)) == [(name, True) for name in names]
    sweep_rows.main(tmp_path, "mine", tmp_path / "board")
    (group,) = groups.read(submissions)
    entries = {row.entry.name: row.entry for row in group.rows}
    assert entries.keys() == set(names)
    entry = entries[names[1]]
    assert entry.agent == "lm:text/grpo+kl_cov+critique_grpo"
    assert (entry.about.method, entry.about.start) == ("grpo+critique_grpo+kl_cov", "tiny-diverse")
    assert [submission.verify(submissions / name).problems for name in names] == [(), ()]
    assert (tmp_path / "board" / "README.md").is_file()


def test_tokens_are_the_mean_of_the_runs(tmp_path: Path):
    """(100 + 20 + 30) and (10 + 20): 90 a run."""
    (tmp_path / "sweep.toml").write_text(SWEEP.replace("trained-tiny", "quick"))
    trial = next(trial for trial in config.read(tmp_path / "sweep.toml").trials if trial.config)
    lines = [SimpleNamespace(generated=20), SimpleNamespace(generated=30)]
    runs = [trials.TrialState(trial, lines, None, None, 100), trials.TrialState(trial, lines[:1], None, None, 10)]  # type: ignore[arg-type]
    assert sweep_rows.about(runs).training_tokens == 90
