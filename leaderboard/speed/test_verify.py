"""Verification: a submission replayed, against playing its episodes anew with `berrypick bench`; and its memory.

It lies here and not in ``benchmarks/speed``, which may not import what stands above it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count, repeat
from pathlib import Path
from typing import Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from berrypick.benchmarks.run import run
from berrypick.benchmarks.speed.measuring import Measure, timed, turns
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.envs import worlds
from berrypick.leaderboard import submit
from berrypick.leaderboard.schema import SEEDS, About
from berrypick.leaderboard.verify import replay
from berrypick.leaderboard.verify import submission as verify_submission

#: The agent that draws most, so that few episodes are alike; 3 seeds x 60 questions x 16 rollouts.
AGENT, SUITE = "mixture", "speed-verify"
CELL: Final = Cell("berrypick/Almanac-v0", "almanac-small", worlds=4, tasks=60)
EPISODES: Final = len(SEEDS) * CELL.tasks * CELL.rollouts
WAYS: Final = ("berrypick verify", "berrypick verify again", "berrypick bench")

#: VmHWM is of this process alone.
CHILD = f"""
import sys
from pathlib import Path
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.leaderboard import verifying
SUITES.add({SUITE!r}, (Cell({CELL.env!r}, {CELL.corpus!r}, worlds={CELL.worlds}, tasks={CELL.tasks}),), "")
assert not verifying.verify(Path(sys.argv[1])).problems
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.fixture
def measure(benchmark: BenchmarkFixture) -> Measure:
    """See ``measuring.timed``."""
    return timed(benchmark, "verify")


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A submission of a suite that is there for these benches only."""
    SUITES.add(SUITE, (CELL,), "for the speed of verification")
    out = tmp_path_factory.mktemp("verify")
    runs = [run([AGENT], SUITE, seed, out / "runs" / str(seed))[0] for seed in SEEDS]
    yield submit.submit(runs, "speed", About(), out / "submissions")
    del SUITES._rows[SUITE], SUITES._help[SUITE]


def _forget() -> None:
    """Let go of engines and what they remember, as a new process has none."""
    replay._env.cache_clear()
    worlds._open.cache_clear()


def _cold(given: Iterator[Path]) -> Iterator[Path]:
    for path in given:
        _forget()
        yield path


def _verify(path: Path) -> None:
    assert not verify_submission.verify(path).problems


def _bench(out: Path) -> None:
    for seed in SEEDS:
        run([AGENT], SUITE, seed, out / str(seed))


@pytest.mark.parametrize(("block", "way"), turns(*WAYS))
def test_episodes(
    block: int, way: str, submission: Path, measure: Measure, benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    """With nothing remembered; with what the verification just before left in the engines' caches; and played anew."""
    benchmark.extra_info["episodes"] = EPISODES
    if way == "berrypick bench":
        measure("episodes", way, block, _bench, _cold(tmp_path / str(number) for number in count()), 1)
    elif way == "berrypick verify":
        measure("episodes", way, block, _verify, _cold(repeat(submission)), 1)
    else:
        _verify(submission)
        measure("episodes", way, block, _verify, repeat(submission), 1)


def test_memory(submission: Path, measure: Measure, benchmark: BenchmarkFixture) -> None:
    """Peak resident memory of a new process that verifies; time of all of it."""

    def verify(path: Path) -> str:
        command = [sys.executable, "-P", "-c", CHILD, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    kilobytes = measure("process", "berrypick verify", 0, verify, [submission], 1)
    benchmark.extra_info["gigabytes"] = int(kilobytes) * 1024 / 1e9
