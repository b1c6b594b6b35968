"""Metrics under the names that other papers gave them, so that their numbers and ours can be laid side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import Final

import numpy as np

from berrypick.benchmarks.metrics.base import FEWEST, Array, Metric, TaskOutcomes, each
from berrypick.diversity import pass_at_k
from berrypick.envs.scoring.outcome import Outcome

#: Chance that a user looks at one more answer (NoveltyBench, arXiv 2504.05228).
PATIENCE: Final = 0.8
#: Turns of an episode above which efforts are not told apart.
MOST_TURNS: Final = 16


def distinct_at(k: int) -> Metric:
    """Return ``distinct_k``: the expected number of strategies among k rollouts (NoveltyBench, arXiv 2504.05228).

    Strategies of wrong episodes count too, as in the paper. The value is the exact expectation over subsets of k
    rollouts: the sum over strategies of the chance that a subset holds one of its rollouts.
    """

    def of(task: TaskOutcomes) -> float | None:
        n = len(task.outcomes)
        if n < k:
            return None
        return sum(pass_at_k(n, count, k) for count in _classes(task.outcomes).values())

    meaning = f"expected number of strategies among {k} rollouts, right or wrong (NoveltyBench); needs {k} rollouts"
    return Metric(f"distinct_{k}", meaning, each(of), needs_n=FEWEST)


def utility_at(k: int) -> Metric:
    """Return ``utility_k``: what k rollouts are worth to a user who gains from new strategies alone.

    ``(1 - p) / (1 - p**k) * sum_i p**(i-1) * [strategy i is new] * u_i`` with p = 0.8 and u = 1 for a grounded success,
    else 0 (NoveltyBench, arXiv 2504.05228). The value is the exact expectation over the orders of the rollouts.
    """

    def of(task: TaskOutcomes) -> float | None:
        n = task.rollouts  # those that failed are worth nothing
        if n < k:
            return None
        sizes = _classes(task.outcomes)
        counts = Counter(sizes[outcome.strategy] for outcome in task.grounded)
        return sum(times * _worth(n, size, k) for size, times in counts.items())

    meaning = (
        f"worth of {k} rollouts to a user who gains from grounded successes of new strategies alone and goes on with "
        f"probability {PATIENCE} (NoveltyBench), 0 to 1; needs {k} rollouts"
    )
    return Metric(f"utility_{k}", meaning, each(of), default=0.0, needs_n=FEWEST)


def _classes(outcomes: Sequence[Outcome]) -> Counter[tuple[str, ...]]:
    return Counter(outcome.strategy for outcome in outcomes)


def _worth(n: int, size: int, k: int) -> float:
    """The expected worth of one right rollout of n, where ``size`` rollouts, itself included, have its strategy.

    It stands in place i with probability 1 / n, and none of its class before it with C(n - size, i-1) / C(n-1, i-1).
    """
    places = (PATIENCE ** (i - 1) * comb(n - size, i - 1) / comb(n - 1, i - 1) for i in range(1, k + 1))
    return (1 - PATIENCE) / (1 - PATIENCE**k) * sum(places) / n


def _without_signal(task: TaskOutcomes) -> float | None:
    right = sum(outcome.em for outcome in task.outcomes)
    return float(right in (0, task.rollouts)) if task.rollouts > 1 else None


ACR = Metric(
    "ACR",
    "advantage collapse rate: share of questions whose rollouts are all right or all wrong, so that a method with "
    "group-relative advantages learns nothing from them; falls with the number of rollouts",
    each(_without_signal),
    better=-1,
)


def _adoption(tasks: Sequence[TaskOutcomes]) -> Array:
    rows = [(sum(o.adopted_terms for o in task.outcomes), sum(o.new_terms for o in task.outcomes)) for task in tasks]
    return np.array([row if row[1] else (np.nan, np.nan) for row in rows], dtype=np.float64).reshape(-1, 2)


CTAR = Metric(
    "CTAR",
    "context-driven term adoption rate (arXiv 2601.17617): share of the terms that a query has and the query before "
    "had not which stand in text displayed before it",
    _adoption,
    lambda means: means[..., 0] / means[..., 1],
    needs_n=FEWEST,
)


def _efforts(tasks: Sequence[TaskOutcomes]) -> Array:
    """Of each task the shares of its rollouts with 1, 2, ... turns, then the shares that are right with so many."""
    rows = np.zeros((len(tasks), 2, MOST_TURNS))
    for row, task in zip(rows, tasks, strict=True):
        for outcome in task.outcomes:
            turns = min(max(len(outcome.raw_moves), 1), MOST_TURNS) - 1
            row[0, turns] += 1 / len(task.outcomes)
            row[1, turns] += outcome.em / len(task.outcomes)
        if not task.outcomes:
            row[:] = np.nan
    return rows.reshape(len(tasks), 2 * MOST_TURNS)


def _kuiper(means: Array) -> Array:
    share, right = means[..., :MOST_TURNS], means[..., MOST_TURNS:]
    accuracy = right.sum(axis=-1, keepdims=True) / share.sum(axis=-1, keepdims=True)
    walk = np.cumsum(right - accuracy * share, axis=-1)
    return np.asarray(np.maximum(walk.max(axis=-1), 0.0) - np.minimum(walk.min(axis=-1), 0.0))


KUIPER = Metric(
    "kuiper",
    "Kuiper statistic of effort against success (MADQA, arXiv 2603.12180): range of the cumulative difference from "
    "the mean accuracy when episodes are sorted by turns; 0 where accuracy is the same at every effort, at most 0.25",
    _efforts,
    _kuiper,
    needs_n=FEWEST,
    better=-1,
)
