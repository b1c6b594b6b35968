"""What every metric keeps to, over the table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from berrypick.benchmarks.metrics.table import FAMILIES, FEWEST, METRICS, TaskOutcomes, metric
from berrypick.envs.scoring.outcome import Outcome

NAMES = [*METRICS, *(family.replace("#", number) for family in FAMILIES for number in ("1", "2", "7", "64"))]
PROMISED = (
    "EM F1 pass@1 pass@4 pass@16 pass@(16,2) pass@(16,4) pass@(16,6) grounded strategies_D1 strategies_D2 vendi "
    "dominant_share route_coverage route_coverage@4 evidence_diversity adaptivity first_query_duplicates hop_recall "
    "searches opens tokens invalid unsupported errors"
).split()


def tasks(right: int, count: int = 40, failed: int = 0) -> list[TaskOutcomes]:
    """Tasks of 64 rollouts, the first of them right, every second one by another way."""
    outcomes = tuple(
        Outcome(
            em=i < right, f1=float(i < right), answered=True, grounded=i < right, supported=i < right, hops=1,
            hops_found=int(i < right), first_shown=(0,), route=("ab"[i % 2],), strategy=("ab"[i % 2],),
            raw_moves=("x",), fine=("x",), evidence=("ab"[i % 2],), first_query="ab"[i % 2], searches=1, opens=0,
            invalid=0, tokens=3, bytes=21, new_terms=2, adopted_terms=1,
        )
        for i in range(64 - failed)
    )  # fmt: skip
    return [TaskOutcomes(0, n, f"q{n}", "bridge", 1, (("a",), ("b",)), outcomes, failed) for n in range(count)]


def test_the_table_holds_what_was_promised() -> None:
    assert list(METRICS) and set(PROMISED) <= set(METRICS)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_parses_back(name: str) -> None:
    assert metric(name).name == str(metric(name)) == name
    assert metric(name) == metric(name) and hash(metric(name)) == hash(metric(name))
    assert metric(name).help and "\n" not in metric(name).help
    assert metric(name).better in (1, -1)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_a_finite_value(name: str) -> None:
    one, rows = metric(name), metric(name).rows(tasks(64))
    assert rows.shape[0] == 40 and rows.ndim == 2 and rows.dtype == np.float64
    value = one(tasks(64))
    assert value is not None and math.isfinite(value)
    means = np.stack([rows.mean(axis=0)] * 3)  # of_mean works on many resamples at once
    assert one.of_mean(means) == pytest.approx([value] * 3)


@pytest.mark.parametrize("name", NAMES)
def test_blank_or_default_without_rollouts(name: str) -> None:
    empty = [TaskOutcomes(0, n, f"q{n}", "bridge", 1, (("a",),), ()) for n in range(40)]
    assert metric(name)(empty) == metric(name).default
    assert metric(name)([]) is None


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_never_drops_a_task_and_diversity_states_its_n(name: str) -> None:
    one = metric(name)
    standing = int((~np.isnan(one.rows(tasks(0, failed=2))).any(axis=1)).sum())
    if one.default is not None:
        assert standing == 40  # all wrong: every task counts
    if one.needs_n > 1:
        assert one.needs_n == FEWEST
        assert one(tasks(64, count=FEWEST - 1)) is None and one(tasks(64, count=FEWEST)) is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rollouts_and_tasks_does_not_matter(name: str) -> None:
    some = tasks(40) + [
        TaskOutcomes(0, 99, "z", "bridge", 1, (("a",),), task.outcomes[:40], 24) for task in tasks(10, count=1)
    ]
    turned = [
        TaskOutcomes(t.cell, t.task_id, t.question_id, t.family, t.hops, t.routes, t.outcomes[::-1], t.errors)
        for t in some[::-1]
    ]
    assert metric(name)(turned) == pytest.approx(metric(name)(some))
