"""Two workers of a real Ray: the numbers of the local run, and a worker that is killed costs its current step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

ray = pytest.importorskip("ray", reason="pip install 'berrypick[ray]'")

from berrypick.agents.training import run_dir
from berrypick.benchmarks import result
from berrypick.benchmarks import run as bench
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING
from berrypick.errors import BadInput, Stopped
from berrypick.integrations.ray import Needs, RayExecutor, open_ray

pytestmark = pytest.mark.slow

TEXT = """
[[tracks]]
name = "text"
suite = "quick"
methods = ["grpo", "fitness_sharing"]
seeds = [0, 1]
training = { env = "berrypick/Almanac-v0", steps = 30 }
"""

#: A sweep whose training is a sum that is kept after each step. Run as `script FILE OUT ON KILLED`: the worker of the
#: trial KILLED ends itself once, in its step 7, as a lost machine would.
SCRIPT = """
import json, os, sys
from pathlib import Path
from berrypick import io, seeding
from berrypick.benchmarks.studies.sweep import config as sweep, runner as sweep_run

KILLED = sys.argv[4]

def train(config, out, on_step):
    assert os.environ["OMP_NUM_THREADS"] == "1"
    kept, mark = out / "state.json", out / "killed"
    step, total = json.loads(kept.read_text()) if kept.exists() else (0, 0.0)
    log = io.Log(out / "metrics.jsonl", keep=step)
    while step < config.steps:
        with (out / "who.txt").open("a") as who:
            who.write(f"{os.getpid()} {step}\\n")
        if step == 7 and KILLED in (f"{config.method}-{config.seed}", "always") and (
            KILLED == "always" or not mark.exists()
        ):
            mark.touch()
            os.kill(os.getpid(), 9)
        total += float(seeding.rng(config.seed, "training", step).random())
        step += 1
        log.add({"step": step, "total": total})
        io.write_bytes(kept, json.dumps([step, total]).encode())
        on_step(None)

def evaluate(agent, suite, seed, out, **others):
    policy = Path(agent.partition(":")[2]).parent / "state.json"
    text = policy.read_bytes() if policy.is_file() else b"start"
    io.write_bytes(out / "result.json", text)

if __name__ == "__main__":
    plan, out = sweep.read(Path(sys.argv[1])), Path(sys.argv[2])
    executor = None
    if sys.argv[3] != "local":
        from berrypick.integrations.ray import open_ray
        executor = open_ray(sys.argv[3].removeprefix("ray"), 2)
    said = lambda total: lambda words: print(words, flush=True)
    work = sweep_run.Work(train, evaluate)
    failed = sweep_run.run(plan, out, jobs=2, work=work, executor=executor, start_progress=said)
    print("FAILED", *[trial.label for trial in failed])
"""


def swept(tmp_path: Path, out: Path, on: str, killed: str = "") -> list[str]:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "sweep.toml").write_text(TEXT)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "sweep.toml"), str(out), on, killed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def results(out: Path) -> dict[str, str]:
    return {path.relative_to(out).as_posix(): path.read_text() for path in out.glob("**/result.json")}


def test_a_sweep_gives_the_numbers_of_the_local_one_though_a_worker_is_killed(tmp_path: Path):
    swept(tmp_path, tmp_path / "local", "local")
    said = swept(tmp_path, tmp_path / "ray", "ray", "grpo-1")
    assert said[-1] == "FAILED" and sum(words.endswith("evaluated") for words in said) == 5
    assert results(tmp_path / "ray") == results(tmp_path / "local") and len(results(tmp_path / "ray")) == 5
    (mark,) = (tmp_path / "ray").glob("**/killed")
    who = [line.split() for line in (mark.parent / "who.txt").read_text().splitlines()]
    assert [int(step) for _, step in who] == [*range(8), *range(7, 30)], "the step that was cut off was done twice"
    assert len({pid for pid, _ in who}) == 2
    steps = [json.loads(line)["step"] for line in (mark.parent / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 31))


def test_a_trial_whose_workers_are_always_lost_is_told_and_ends_the_others_not(tmp_path: Path):
    said = swept(tmp_path, tmp_path / "out", "ray?retries=1", "always")
    assert said[-1].startswith("FAILED text grpo seed 0")
    assert results(tmp_path / "out").keys() == {"text/start/evaluation/result.json"}
    errors = list((tmp_path / "out").glob("**/error.txt"))
    assert len(errors) == 4 and all("lost time and again" in error.read_text() for error in errors)
    assert swept(tmp_path, tmp_path / "out", "ray")[-1] == "FAILED"
    assert len(results(tmp_path / "out")) == 5


REAL = """
[[tracks]]
name = "discrete"
suite = "handful"
methods = ["grpo"]
training = { env = "berrypick/AlmanacDiscrete-v0", steps = 6, prompts_per_step = 4, group_size = 4 }
"""

#: Real training; the worker ends itself once, after its third step. Run as `script FILE OUT ON`.
REAL_SCRIPT = """
import os, sys
from pathlib import Path
from berrypick.benchmarks.studies.sweep import config as sweep, runner as sweep_run

ON = sys.argv[3]

def handful():
    from berrypick.benchmarks.suites import SUITES, Cell
    if "handful" not in SUITES:
        SUITES.add("handful", (Cell("berrypick/Almanac-v0", "almanac-small", worlds=1, tasks=4, rollouts=4),), "test")

def train(config, out, on_step):
    steps, mark = [], Path(out) / "killed"
    def step(line):
        steps.append(line)
        if ON != "local" and len(steps) == 3 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), 9)
    from berrypick.agents.training import loop
    loop.train(config, out, step)

def evaluate(agent, suite, seed, out, **others):
    handful()
    from berrypick.benchmarks import run
    run.run([agent], suite, seed, out, overwrite=True, **others)

handful()
if __name__ == "__main__":
    executor = None
    if ON != "local":
        from berrypick.integrations.ray import open_ray
        executor = open_ray(ON.removeprefix("ray"), 2)
    plan, work = sweep.read(Path(sys.argv[1])), sweep_run.Work(train, evaluate)
    assert sweep_run.run(plan, Path(sys.argv[2]), jobs=2, work=work, executor=executor) == []
"""
TIMES = ("seconds_rollout", "seconds_update", "seconds_other")


def test_real_training_on_a_worker_that_is_killed_gives_the_numbers_of_the_local_run(tmp_path: Path):
    (tmp_path / "script.py").write_text(REAL_SCRIPT)
    (tmp_path / "sweep.toml").write_text(REAL)
    found = []
    for on in ("local", "ray"):
        out = tmp_path / on
        command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "sweep.toml"), str(out), on]
        done = subprocess.run(command, capture_output=True, text=True, timeout=290)
        assert done.returncode == 0, done.stderr
        trial = out / "discrete/grpo/seed-0"
        assert (trial / TRAINING / "killed").exists() == (on == "ray")
        lines = [msgspec.to_builtins(line) for line in run_dir.read_metrics(trial / TRAINING).lines]
        evaluated = result.read(trial / EVALUATION)
        logged = [{name: value for name, value in line.items() if name not in TIMES} for line in lines]
        found.append((logged, evaluated.metrics, evaluated.questions))
    assert len(found[0][0]) == 6
    assert found[0] == found[1]


def test_bench_gives_the_numbers_of_the_local_run(tmp_path: Path):
    names, small = ["random", "closed_book"], {"questions": 4, "rollouts": 2}
    local = bench.run(names, "quick", 0, tmp_path / "local", **small)
    remote = bench.run(names, "quick", 0, tmp_path / "ray", executor=RayExecutor(jobs=2), **small)
    for here, there in zip(local, remote, strict=True):
        assert (here / "episodes.jsonl.gz").read_bytes() == (there / "episodes.jsonl.gz").read_bytes()
        assert (here / "outcomes.jsonl.gz").read_bytes() == (there / "outcomes.jsonl.gz").read_bytes()
        numbers = [_numbers(folder / "result.json") for folder in (here, there)]
        assert numbers[0] == numbers[1]
    assert not ray.is_initialized()


def _numbers(path: Path) -> Any:
    found = msgspec.json.decode(path.read_bytes())
    return {name: found[name] for name in ("metrics", "agent", "suite", "seed")}


def _fail(item: int) -> None:
    if item == 2:
        raise BadInput("is two", field="item")


def test_the_first_error_of_a_job_is_raised_as_it_was(tmp_path: Path):
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ended: list[int] = []
    with pytest.raises(BadInput, match="is two") as error:
        RayExecutor(jobs=1).map(_fail, [0, 1, 2], ended.append)
    assert error.value.field == "item" and set(ended) <= {0, 1}
    assert not ray.is_initialized()


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch):
    """Ray itself gives up after minutes only."""

    def init(**settings: Any) -> None:
        raise ConnectionError(f"no cluster at {settings['address']}")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(Stopped, match="cannot join the Ray cluster head:6379: no cluster at head:6379"):
        RayExecutor("head:6379").map(_fail, [0], lambda item: None)


def test_the_address_and_the_needs_are_read():
    made = open_ray("auto?cpus=2&gpus=0.5&retries=0", 3)
    assert (made.address, made.jobs, made.needs) == ("auto", 3, Needs(2.0, 0.5, 0))
    assert open_ray("ray://head:10001", 1).address == "ray://head:10001"
    for text in ("?gpu=1", "?cpus=x", "auto?cpus=-1"):
        with pytest.raises(BadInput) as error:
            open_ray(text, 1)
        assert error.value.field == "on"


def test_the_command_takes_an_executor(tmp_path: Path):
    script = "import sys; from berrypick.cli.main import main; sys.exit(main(sys.argv[1:]))"
    small = ["--questions", "2", "--rollouts", "1", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-P", "-c", script, "bench", "random", "--suite", "quick", *small]
    done = subprocess.run([*command, "--on", "ray", "--jobs", "2"], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "result.json").is_file()
    done = subprocess.run([*command, "--on", "slurm"], capture_output=True, text=True)
    assert done.returncode == 2 and "unknown executor 'slurm'" in done.stderr
