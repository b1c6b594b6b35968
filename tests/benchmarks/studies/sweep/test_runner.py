"""Trials in processes: what is done is skipped, what fails is told, and nobody outlives a sweep that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from berrypick import io
from berrypick.benchmarks.studies.sweep import config, runner
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING
from berrypick.errors import BadInput

TEXT = """
[[tracks]]
name = "text"
suite = "quick"
methods = ["grpo", "fitness_sharing"]
seeds = [0, 1]
training = { env = "berrypick/Almanac-v0", steps = 30 }
"""

#: A sweep whose training is a sum that is kept after each step, and whose evaluation is that sum. Each process notes
#: when it trains where. Run as `script FILE OUT SECONDS FAILING`.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
from berrypick import io, seeding
from berrypick.benchmarks.studies.sweep import config as sweep, runner as sweep_run

def train(config, out, on_step):
    assert os.environ["OMP_NUM_THREADS"] == "1"
    if sys.argv[4] == f"{config.method}-{config.seed}":
        os.kill(os.getpid(), 9) if config.seed else 1 / 0
    kept = out / "state.json"
    step, total = json.loads(kept.read_text()) if kept.exists() else (0, 0.0)
    log = io.Log(out / "metrics.jsonl", keep=step)
    while step < config.steps:
        with (out / "who.txt").open("a") as who:
            who.write(f"{os.getpid()} {time.monotonic()}\\n")
        time.sleep(float(sys.argv[3]))
        total += float(seeding.rng(config.seed, "training", step).random())
        step += 1
        log.add({"step": step, "total": total})
        io.write_bytes(kept, json.dumps([step, total]).encode())
        on_step(None)

def evaluate(agent, suite, seed, out):
    policy = Path(agent.partition(":")[2]).parent / "state.json"
    text = policy.read_bytes() if policy.is_file() else b"start"
    io.write_bytes(out / "result.json", text)

if __name__ == "__main__":
    plan, out = sweep.read(Path(sys.argv[1])), Path(sys.argv[2])
    said = lambda total: lambda words: print(words, flush=True)
    failed = sweep_run.run(plan, out, jobs=2, work=sweep_run.Work(train, evaluate), start_progress=said)
    print("FAILED", *[trial.label for trial in failed])
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The command of the made-up sweep, without its last arguments."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "sweep.toml").write_text(TEXT)
    return [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "sweep.toml")]


def swept(command: list[str], out: Path, seconds: float = 0.0, failing: str = "") -> list[str]:
    done = subprocess.run([*command, str(out), str(seconds), failing], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def results(out: Path) -> dict[str, str]:
    found = out.glob(f"**/{EVALUATION}/result.json")
    return {path.relative_to(out).as_posix(): path.read_text() for path in found}


def test_a_killed_sweep_ends_as_one_that_was_not_and_nobody_trains_twice_at_once(command: list[str], tmp_path: Path):
    swept(command, tmp_path / "whole")
    out = tmp_path / "killed"
    begun = subprocess.Popen([*command, str(out), "0.2", ""], stdout=subprocess.PIPE)
    logs = [out / "text" / method / "seed-0" / TRAINING / "metrics.jsonl" for method in ("grpo", "fitness_sharing")]
    until = time.monotonic() + 120
    while not any(log.is_file() and log.read_bytes().count(b"\n") > 2 for log in logs):
        assert time.monotonic() < until and begun.poll() is None
        time.sleep(0.05)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert swept(command, out)[-1] == "FAILED"
    assert results(out) == results(tmp_path / "whole") and len(results(out)) == 5
    resumed = 0
    for who in out.glob(f"text/*/*/{TRAINING}/who.txt"):
        pids = [line.split()[0] for line in who.read_text().splitlines()]
        runs = [pid for pid, before in zip(pids, ["", *pids], strict=False) if pid != before]
        assert len(runs) == len(set(runs)), f"two processes took turns in {who}"
        resumed += len(runs) == 2
        assert len(pids) <= 31, "at most the step that was cut off was done twice"
    assert resumed >= 1


def test_what_fails_is_told_and_the_others_go_on(command: list[str], tmp_path: Path):
    """One trial raises, then another is killed; each time the three others and the start are done."""
    out = tmp_path / "out"
    said = swept(command, out, failing="grpo-0")
    assert said[-1] == "FAILED text grpo seed 0" and len(results(out)) == 4
    error = out / "text/grpo/seed-0/error.txt"
    assert "ZeroDivisionError" in error.read_text()
    assert sum(words.endswith("evaluated") for words in said) == 4
    assert f"text grpo seed 0: FAILED, see {error}" in said
    said = swept(command, out, failing="grpo-0")
    assert said == [f"text grpo seed 0: FAILED, see {error}", "FAILED text grpo seed 0"], "only what is missing is run"
    assert swept(command, out)[-2:] == ["text grpo seed 0: evaluated", "FAILED"]
    assert not error.exists() and len(results(out)) == 5
    other = tmp_path / "other"
    assert swept(command, other, failing="fitness_sharing-1")[-1] == "FAILED text fitness_sharing seed 1"
    assert "exit code -9" in (other / "text/fitness_sharing/seed-1/error.txt").read_text()


def test_progress_is_as_many_signs_as_were_promised(command: list[str], tmp_path: Path):
    """30 steps: a sign every 3, one at the end, for each of 4 runs, and one for the start."""
    plan = config.read(tmp_path / "sweep.toml")
    assert sum(runner._signs(trial, tmp_path / "out") for trial in plan.trials) == 4 * 11 + 1
    said = swept(command, tmp_path / "out")
    assert len(said) - 1 == 45
    assert "text grpo seed 1: step 27 of 30" in said
    io.write_bytes(tmp_path / "half/text/grpo/seed-0" / TRAINING / "metrics.jsonl", b"{}\n" * 10)
    half = next(trial for trial in plan.trials if trial.place == Path("text/grpo/seed-0"))
    assert runner._signs(half, tmp_path / "half") == 7 + 1  # at 12, 15, ..., 30, and at the end


def test_a_sweep_that_runs_is_not_run_again(tmp_path: Path):
    (tmp_path / "sweep.toml").write_text(TEXT)
    plan = config.read(tmp_path / "sweep.toml")
    holder = subprocess.Popen(
        [sys.executable, "-c", LOCK, str(tmp_path / "out")], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    with pytest.raises(BadInput, match="another process is at work here"):
        runner.run(plan, tmp_path / "out")
    holder.communicate("\n")
    with io.locked(tmp_path / "out"):
        pass
    with pytest.raises(BadInput, match="must be at least 1, got 0"):
        runner.run(plan, tmp_path / "out", jobs=0)


LOCK = """
import sys
from pathlib import Path
from berrypick import io as files
with files.locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_variables_are_put_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with runner._environment({"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ
