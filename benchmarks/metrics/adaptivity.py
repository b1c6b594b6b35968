"""Metrics of the change of search strategy after a search that brought nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import FEWEST, Array, Metric, TaskOutcomes
from berrypick.envs.scoring.moves import way_of


class Step(NamedTuple):
    """A search or an open: with which tool and form, and whether it was the first to display some hop."""

    way: tuple[str, str]
    hit: bool


def steps(raw_moves: Sequence[str], first_shown: Sequence[int | None]) -> list[Step]:
    """Return an episode's searches and opens while hops remained, the one that displayed the last hop included."""
    hits = {turn for turn in first_shown if turn is not None}
    end = max(hits, default=-1) + 1 if None not in first_shown else len(raw_moves)
    ways = map(way_of, raw_moves[:end])
    # Answers and invalid turns have no form.
    return [Step(way, turn in hits) for turn, way in enumerate(ways) if way[1]]


class Changes(NamedTuple):
    """Steps that another one follows, how many of these differ, and how many would in a random order."""

    steps: int = 0
    differ: int = 0
    shuffled: float = 0.0

    def plus(self, other: Changes) -> Changes:
        """Both together."""
        return Changes(self.steps + other.steps, self.differ + other.differ, self.shuffled + other.shuffled)


def changes(episode: Sequence[Step]) -> tuple[Changes, Changes]:
    """Count what follows the misses of an episode, and what follows its hits.

    The random order keeps the last step in its place: where the episode stops depends on it (it may have brought the
    last hop), and nothing follows it. Of the other n - 1 steps, each then stands just before any given other step with
    probability 1 / (n - 1), so that the counts of hits and misses are those of the episode itself.
    """
    found = [Changes(), Changes()]
    same = Counter(step.way for step in episode)
    for step, after in pairwise(episode):
        others = (len(episode) - same[step.way]) / (len(episode) - 1)
        found[step.hit] = found[step.hit].plus(Changes(1, after.way != step.way, others))
    return found[False], found[True]


@lru_cache(maxsize=65536)
def _of(raw_moves: tuple[str, ...], first_shown: tuple[int | None, ...]) -> tuple[Changes, Changes]:
    return changes(steps(raw_moves, first_shown))  # scripts play many episodes alike


def _row(task: TaskOutcomes) -> tuple[float, float, float]:
    """Contrast of misses and hits as observed and as shuffled, times its weight; and the weight (Mantel-Haenszel)."""
    if not task.hops:
        return (np.nan,) * 3
    miss, hit = Changes(), Changes()
    for outcome in task.outcomes:
        after_miss, after_hit = _of(outcome.raw_moves, outcome.first_shown)
        miss, hit = miss.plus(after_miss), hit.plus(after_hit)
    if not (miss.steps and hit.steps):
        return 0.0, 0.0, 0.0
    weight = miss.steps * hit.steps / (miss.steps + hit.steps)
    observed = miss.differ / miss.steps - hit.differ / hit.steps
    shuffled = miss.shuffled / miss.steps - hit.shuffled / hit.steps
    return weight * observed, weight * shuffled, weight


def _parts(tasks: Sequence[TaskOutcomes]) -> Array:
    return np.array([_row(task) for task in tasks], dtype=np.float64).reshape(-1, 3)


def _above_chance(means: Array) -> Array:
    """Scale the contrast as Cohen's kappa is: 0 is the shuffled one, 1 a change after every miss and after no hit."""
    observed, shuffled, weight = np.moveaxis(means, -1, 0)
    room = weight - shuffled
    return np.where(room > 1e-12, (observed - shuffled) / np.maximum(room, 1e-12), 0.0)


ADAPTIVITY = Metric(
    "adaptivity",
    "how much rather tool or form change after a search or open that brought no new hop than after one that did, "
    "beyond what the same steps in random order would show; 1 = exactly after misses, 0 without misses",
    _parts,
    _above_chance,
    needs_n=FEWEST,
)
