"""A sweep with nothing made up: real training on the discrete track, killed in the middle, ends as if it was not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from berrypick.agents.training import run_dir
from berrypick.benchmarks import result
from berrypick.benchmarks.studies.sweep import config, page
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING
from berrypick.benchmarks.studies.sweep.runner import is_done

TEXT = """
[[tracks]]
name = "discrete"
suite = "handful"
methods = ["grpo", "fitness_sharing"]
training = { env = "berrypick/AlmanacDiscrete-v0", steps = 6, prompts_per_step = 4, group_size = 4 }
"""
SCRIPT = """
import sys
from pathlib import Path
from berrypick.benchmarks.studies.sweep import config as sweep, runner as sweep_run
from berrypick.benchmarks.suites import SUITES, Cell

SUITES.add("handful", (Cell("berrypick/Almanac-v0", "almanac-small", worlds=1, tasks=4, rollouts=4),), "for tests")
if __name__ == "__main__":
    assert sweep_run.run(sweep.read(Path(sys.argv[1])), Path(sys.argv[2]), jobs=2) == []
"""
TIMES = ("seconds_rollout", "seconds_update", "seconds_other")


def numbers(place: Path) -> tuple[object, ...]:
    """All that training logged and evaluation found, but for times and the names of folders."""
    lines = [msgspec.to_builtins(line) for line in run_dir.read_metrics(place / TRAINING).lines]
    found = result.read(place / EVALUATION)
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines], found.metrics, found.questions


@pytest.mark.slow
def test_a_real_sweep_that_was_killed_ends_as_one_that_was_not(tmp_path: Path):
    (tmp_path / "sweep.toml").write_text(TEXT)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "sweep.toml")]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([*command, str(whole)], check=True)
    begun = subprocess.Popen([*command, str(killed)])
    log = killed / "discrete/grpo/seed-0" / TRAINING / run_dir.METRICS
    until = time.monotonic() + 300
    while not (log.is_file() and log.read_bytes().count(b"\n") >= 2):
        assert time.monotonic() < until and begun.poll() is None
        time.sleep(0.01)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    trials = config.planned(killed).trials
    assert not all(is_done(trial, killed) for trial in trials)
    subprocess.run([*command, str(killed)], check=True)
    for trial in trials:
        assert is_done(trial, killed)
        if trial.config is not None:
            assert numbers(killed / trial.place) == numbers(whole / trial.place)
    assert page.write_page(killed).is_file()
