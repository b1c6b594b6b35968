"""Intervals: deterministic, paired, of the right width, quick."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from berrypick import seeding
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes, Value
from berrypick.benchmarks.stats.bootstrap import Difference
from berrypick.benchmarks.stats.intervals import compare, summarise
from berrypick.envs.scoring.outcome import Outcome


def rollout(right: bool, strategy: str = "a", searches: int = 2) -> Outcome:
    """An episode of two hops."""
    seen = (0, 1) if right else (None, None)
    route = ("profile", "roster") if right else (None, None)
    moves = (strategy, "answer")
    return Outcome(
        right, float(right), True, right, right, 2, 2 * right, seen, route, moves, moves, moves, ("d",) * right, "q",
        searches, 0, 0, 5, 4, 1 + right, 20,
    )  # fmt: skip


def run(
    accuracies: list[float], cells: int = 1, ways: str = "ab", rollouts: int = 16, hops: int = 2, stream: int = 0
) -> list[TaskOutcomes]:
    """A run whose tasks have the given accuracies."""
    tasks = []
    for cell in range(cells):
        for number, accuracy in enumerate(accuracies):
            generator = seeding.rng(stream, "mixture", cell * 4096 + number)
            right, way = generator.random(rollouts) < accuracy, generator.integers(len(ways), size=rollouts)
            outcomes = tuple(rollout(bool(ok), ways[i]) for ok, i in zip(right, way, strict=True))
            routes = (("profile", "roster"), ("roster", "roster"))
            tasks.append(TaskOutcomes(cell, number, f"q{number}", "bridge", hops, routes, outcomes))
    return tasks


def test_the_value_is_the_metric_and_lies_in_its_interval() -> None:
    tasks = run([0.1, 0.5, 0.9] * 20)
    for name, found in summarise(tasks, METRICS, 0).overall.items():
        assert found.value == pytest.approx(METRICS[name](tasks)), name
        assert found.low is not None and found.high is not None and found.low <= found.value <= found.high, name
        assert found.n == 60 or METRICS[name].default is None, name


def test_the_interval_is_as_wide_as_the_normal_approximation() -> None:
    # Task means are 0 or 1, half and half, over 100 tasks: standard error .05, 95 % interval about .5 +- .098.
    found = summarise(run([0.0, 1.0] * 50), ["EM"], 0).overall["EM"]
    assert found.value == 0.5
    assert found.low == pytest.approx(0.402, abs=0.02) and found.high == pytest.approx(0.598, abs=0.02)


def test_the_interval_covers_the_truth() -> None:
    # 100 runs of 40 tasks with accuracies uniform on [0, 1], truth .5: 95 % should hold it; 88 of 100 is 3 sigma low.
    held = 0
    for stream in range(100):
        accuracies = seeding.rng(stream, "audit", 0).random(40).tolist()
        found = summarise(run(accuracies, rollouts=4, stream=stream), ["EM"], stream).overall["EM"]
        held += found.low <= 0.5 <= found.high
    assert held >= 88


def test_the_same_seed_gives_the_same_bytes_in_any_order() -> None:
    tasks = run([0.2, 0.6, 0.9] * 15, cells=2)
    first = msgspec.json.encode(summarise(tasks, METRICS, 3))
    assert msgspec.json.encode(summarise(tasks[::-1], METRICS, 3)) == first
    assert msgspec.json.encode(summarise(tasks, METRICS, 4)) != first


def test_cells_count_alike_however_many_tasks_they_have() -> None:
    small, large = run([1.0] * 10), run([0.0] * 50, cells=2)[50:]
    found = summarise(small + large, ["EM"], 0)
    assert found.overall["EM"] == Value(0.5, 0.5, 0.5, 60)  # (1 + 0) / 2, not 10/60
    assert found.cells[0]["EM"].value == 1.0 and found.cells[1]["EM"].value == 0.0
    assert found.cells[0]["EM"].n == 10


def test_cells_are_resampled_independently() -> None:
    # Two equal cells of task means 0 and 1: one stream for both would give the mean the width of one cell, not less.
    one, both = run([0.0, 1.0] * 50), run([0.0, 1.0] * 50, cells=2)
    narrow, wide = (summarise(tasks, ["EM"], 0).overall["EM"] for tasks in (both, one))
    # Standard errors .05 and .05 / sqrt(2).
    assert (narrow.high - narrow.low) / (wide.high - wide.low) == pytest.approx(0.71, abs=0.08)


def test_the_mean_over_cells_is_blank_where_a_cell_is() -> None:
    found = summarise(run([0.9] * 40) + run([0.9] * 80, cells=2)[80:110], ["strategies_D2", "EM"], 0)
    assert found.cells[0]["strategies_D2"].value is not None and found.overall["strategies_D2"].value is not None
    found = summarise(run([0.9] * 40) + run([0.9] * 80, cells=2)[80:109], ["strategies_D2", "EM"], 0)
    assert found.cells[1]["strategies_D2"] == Value(None, None, None, 29)
    assert found.overall["strategies_D2"] == Value(None, None, None, 69)
    assert found.overall["EM"].value is not None


def test_cells_set_apart_keep_their_own_values_and_enter_no_mean() -> None:
    plain, changed = run([1.0] * 40), run([0.0] * 40, cells=2)[40:]
    # Alone, the plain cell is at 1; with the changed one the mean would be .5.
    assert summarise(plain + changed, ["EM"], 0).overall["EM"].value == 0.5
    found = summarise(plain + changed, ["EM", "strategies_D2"], 0, apart=[1])
    assert found.overall["EM"] == Value(1.0, 1.0, 1.0, 40) == found.cells[0]["EM"]
    assert found.cells[1]["EM"].value == 0.0
    assert found.overall["strategies_D2"].value is not None, "a changed cell without successes blanks nothing"
    assert summarise(changed, ["EM"], 0, apart=[1]).overall["EM"] == Value(None, None, None, 0)
    # In the changed cell the first run has everything right, the second nothing; only the plain cell is compared.
    better = run([1.0] * 40, cells=2)[40:]
    assert compare(plain + better, plain + changed, ["EM"], 0)["EM"].value == 0.5
    assert compare(plain + better, plain + changed, ["EM"], 0, apart=[1])["EM"] == Difference(0.0, 0.0, 0.0, 40)


def test_an_infinite_diversity_is_blank_but_bounded_below() -> None:
    # No two successes alike: D2 has no finite estimate, in any resample.
    tasks = [
        msgspec.structs.replace(task, outcomes=(rollout(True, "a"), rollout(True, "b"))) for task in run([1.0] * 30)
    ]
    assert summarise(tasks, ["strategies_D2"], 0).overall["strategies_D2"] == Value(None, None, None, 30)
    # One pair alike among 30 tasks: D2 = 1/(1/30) = 30; resamples without that task are infinite, so no upper end.
    tasks[0] = msgspec.structs.replace(tasks[0], outcomes=(rollout(True), rollout(True)))
    found = summarise(tasks, ["strategies_D2"], 0).overall["strategies_D2"]
    assert found.value == pytest.approx(30.0) and found.high is None and 5 < found.low < 30


@pytest.mark.filterwarnings("error")
def test_two_infinite_diversities_do_not_differ() -> None:
    apart = [
        msgspec.structs.replace(task, outcomes=(rollout(True, "a"), rollout(True, "b"))) for task in run([1.0] * 30)
    ]
    alike = run([1.0] * 30, ways="a")
    assert compare(apart, apart, ["strategies_D2"], 0)["strategies_D2"] == Difference(None, None, None, 30)
    assert compare(apart, alike, ["strategies_D2"], 0)["strategies_D2"] == Difference(None, None, None, 30)


HASHED = """
from math import isqrt
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes
from berrypick.benchmarks.stats.intervals import summarise
from berrypick.envs.scoring.outcome import Outcome
genres = [f"genre {i}" for i in range(9)]
def outcome(i):
    names = genres[isqrt(3 * i)], genres[isqrt(i)]  # some often, some seldom, some never
    seen = dict(hops=2, hops_found=2, first_shown=(0, 1), route=names, evidence=names, first_query=f"q {i % 3}")
    made = dict(strategy=names, raw_moves=names, fine=names, searches=i % 5, opens=1, invalid=0, tokens=i)
    return Outcome(em=True, f1=1.0, answered=True, grounded=True, supported=True, **seen, **made)
routes = tuple((one, other) for one in genres for other in genres)
tasks = [TaskOutcomes(0, t, f"q{t}", "bridge", 2, routes, tuple(map(outcome, range(8 + t % 9)))) for t in range(40)]
print(summarise(tasks, METRICS, 0), [METRICS[name].rows(tasks).tolist() for name in METRICS])
"""


def test_the_hash_of_strings_changes_no_bit() -> None:
    """In processes of their own: the order of sets is drawn when Python starts."""
    seen = set()
    for seed in "1", "2", "3":
        done = subprocess.run(
            [sys.executable, "-c", HASHED], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1


def test_nothing_at_all() -> None:
    assert summarise([], METRICS, 0).overall["EM"] == Value(None, None, None, 0)
    assert compare([], [], ["EM"], 0)["EM"] == Difference(None, None, None, 0)


def test_a_run_does_not_differ_from_itself() -> None:
    tasks = run([0.3, 0.7] * 20)
    for name, found in compare(tasks, tasks, METRICS, 0).items():
        assert (found.value, found.low, found.high, found.better) == (0.0, 0.0, 0.0, ""), name


def test_pairing_sees_a_small_steady_gain_that_separate_intervals_do_not() -> None:
    # Tasks are very different from one another, and each has one more right of 16 in the first run.
    base = [i / 40 for i in range(40)]
    second = [exactly(number, round(16 * p)) for number, p in enumerate(base)]
    first = [exactly(number, min(16, round(16 * p) + 1)) for number, p in enumerate(base)]
    ours, theirs = (summarise(tasks, ["EM"], 0).overall["EM"] for tasks in (first, second))
    assert ours.low < theirs.high
    found = compare(first, second, ["EM"], 0)["EM"]
    assert found.better == "first" and found.low > 0 and found.n == 40
    assert compare(second, first, ["EM"], 0)["EM"].better == "second"


def exactly(number: int, right: int) -> TaskOutcomes:
    outcomes = tuple(rollout(i < right) for i in range(16))
    return TaskOutcomes(0, number, f"q{number}", "bridge", 2, (), outcomes)


def test_less_is_better_where_it_costs() -> None:
    cheap = [msgspec.structs.replace(task, outcomes=(rollout(True, searches=1),) * 4) for task in run([1.0] * 20)]
    dear = [msgspec.structs.replace(task, outcomes=(rollout(True, searches=3),) * 4) for task in run([1.0] * 20)]
    found = compare(cheap, dear, ["searches"], 0)["searches"]
    assert found == Difference(-2.0, -2.0, -2.0, 20, "first")


def test_no_verdict_where_the_interval_holds_zero_or_the_tasks_are_few() -> None:
    apart = compare(run([0.5] * 40, stream=1), run([0.5] * 40, stream=2), ["EM"], 0)["EM"]
    assert apart.low <= 0 <= apart.high and apart.better == ""
    few = compare(run([1.0] * 9), run([0.0] * 9), ["EM"], 0)["EM"]
    assert (few.value, few.better) == (1.0, "")
    assert compare(run([1.0] * 10), run([0.0] * 10), ["EM"], 0)["EM"].better == "first"


def test_only_tasks_present_in_both_are_compared() -> None:
    first, second = run([1.0] * 20), run([0.0] * 30)[10:]
    assert compare(first, second, ["EM"], 0)["EM"].n == 10
    # Diversity: tasks with two successes in both.
    first, second = run([1.0] * 40), run([1.0] * 35 + [0.0] * 5)
    assert compare(first, second, ["strategies_D2"], 0)["strategies_D2"].n == 35
    assert compare(first, second[6:], ["strategies_D2"], 0)["strategies_D2"].value is None


def test_diversity_differences() -> None:
    found = compare(run([0.9] * 60, ways="abc"), run([0.9] * 60, ways="a"), ["strategies_D2", "dominant_share"], 0)
    assert found["strategies_D2"].better == "first" and found["strategies_D2"].value == pytest.approx(2.0, rel=0.15)
    assert found["dominant_share"].better == "first" and found["dominant_share"].value < 0  # less is more diverse


def test_it_is_quick() -> None:
    tasks = run(np.linspace(0, 1, 60).tolist(), cells=2)
    summarise(tasks, METRICS, 0)
    start = time.process_time()
    summarise(tasks, METRICS, 0)
    assert time.process_time() - start < 1.0
