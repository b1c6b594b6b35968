"""Several runs told as one: what one run says where there is one, means of the runs where there are more."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from berrypick.benchmarks import aggregate
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.result import Config
from berrypick.benchmarks.stats import seeds
from berrypick.benchmarks.suites import Cell
from berrypick.envs.scoring.outcome import Outcome

PLAIN = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=40, rollouts=4)
CELLS = (PLAIN, replace(PLAIN, knockouts=("no_open",)), replace(PLAIN, faults=("empty",)))
MISS = Outcome(
    False, 0.0, True, False, False, 1, 0, (None,), (None,), (), ("answer",), ("answer",), (), None, 0, 0, 0, 1
)


def hit(way: str) -> Outcome:
    return replace(MISS, em=True, f1=1.0, grounded=True, hops_found=1, strategy=(way, "answer"))


def task(cell: int, number: int, outcomes: list[Outcome]) -> TaskOutcomes:
    return TaskOutcomes(cell, number, f"q{number:02d}", "bridge", 1, (), tuple(outcomes))


def run(way: str, right: list[int]) -> list[CellRun]:
    """A policy of one way; in each cell the first questions are right in all four rollouts."""
    return [
        CellRun(
            True, {"knockouts": cell.knockouts}, {},
            tuple(task(number, i, [hit(way) if i < right[number] else MISS] * 4) for i in range(40)), (), (), 0.0,
        )
        for number, cell in enumerate(CELLS)
    ]  # fmt: skip


def test_one_run_is_what_the_benchmark_says_of_it():
    one = run("bm25/names", [36, 18, 4])
    config = Config(1, "x", "s", 5, CELLS, {}, {})
    there = aggregate.assemble(config, one, {})
    here = seeds.means(CELLS, [one], 5)
    assert here.overall == there.metrics
    assert list(here.cells) == [cell.metrics for cell in there.cells]


def test_measures_are_means_of_the_runs():
    runs = [run("a", [40, 20, 0]), run("b", [20, 20, 20])]
    means = seeds.means(CELLS, runs, 0)
    assert means.overall["EM"].value == pytest.approx((1 + 0.5) / 2)
    assert means.cells[2]["EM"].value == pytest.approx((0 + 0.5) / 2)
    # Kept under the knock-out: 20 of 40 questions, and 20 of 20.
    assert means.overall["resilience_no_open"].value == means.cells[1]["resilience"].value == pytest.approx(0.75)
    assert "resilience" not in means.cells[0] and "resilience" not in means.cells[2]
    assert means.overall["EM"].n == 40 + 40


def test_a_mixture_of_seeds_is_not_diverse():
    """Three policies that each know one way: pooled, D2 would be near 3."""
    means = seeds.means(CELLS, [run(way, [40, 40, 40]) for way in "abc"], 0)
    assert means.overall["strategies_D2"].value == pytest.approx(1.0)


def test_runs_of_the_same_questions_narrow_no_interval():
    """Three times the same run tells nothing that one did not."""
    one = run("a", [20, 10, 5])
    alone, thrice = (seeds.means(CELLS, [one] * times, 0).overall["EM"] for times in (1, 3))
    assert (thrice.low, thrice.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def test_what_was_not_read_is_blank():
    one = run("a", [20, 10, 5])
    one[0] = CellRun(False, one[0].setup, {}, (), (), (), 0.0)
    means = seeds.means(CELLS, [one], 0)
    assert means.overall["EM"].value is None and means.cells[0]["EM"].value is None
    assert means.cells[2]["EM"].value == pytest.approx(5 / 40)
