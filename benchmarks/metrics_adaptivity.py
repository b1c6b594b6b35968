"""Whether an agent changes its way of searching when it brought nothing (design 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from berrypick.benchmarks.metrics_base import FEWEST, Array, Metric, TaskOutcomes
from berrypick.envs.moves import way_of
from berrypick.envs.outcome import Outcome


class Step(NamedTuple):
    """A search or an open: with which tool and form, and whether it was the first to display some hop."""

    way: tuple[str, str]
    hit: bool


def steps(outcome: Outcome) -> list[Step]:
    """Return an episode's searches and opens while hops remained, the one that displayed the last hop included."""
    hits = {turn for turn in outcome.first_shown if turn is not None}
    end = max(hits, default=-1) + 1 if None not in outcome.first_shown else len(outcome.raw_moves)
    ways = map(way_of, outcome.raw_moves[:end])
    return [
        Step(way, turn in hits) for turn, way in enumerate(ways) if way[1]
    ]  # answers and invalid turns have no form


class Changes(NamedTuple):
    """Steps that another one follows, how many of these differ, and how many would in a random order."""

    steps: float = 0
    differ: float = 0
    shuffled: float = 0


def changes(episodes: Sequence[Sequence[Step]], *, hit: bool) -> Changes:
    """Count what follows the steps that hit, or those that missed, over the episodes of one task.

    The random order keeps an episode's last step in its place: where the episode stops depends on it (it may have
    brought the last hop), and nothing follows it. Of the other n - 1 steps, each then stands just before any given
    other step with probability 1 / (n - 1), so that the counts of hits and misses are those of the episode itself.
    """
    found = Changes()
    for episode in episodes:
        same = Counter(step.way for step in episode)
        for step, after in pairwise(episode):
            if step.hit == hit:
                others = (len(episode) - same[step.way]) / (len(episode) - 1)
                found = Changes(found.steps + 1, found.differ + (after.way != step.way), found.shuffled + others)
    return found


def _row(task: TaskOutcomes) -> tuple[float, float, float]:
    """Contrast of misses and hits as observed and as shuffled, times its weight; and the weight (Mantel-Haenszel)."""
    if not task.hops:
        return (np.nan,) * 3
    episodes = [steps(outcome) for outcome in task.outcomes]
    miss, hit = changes(episodes, hit=False), changes(episodes, hit=True)
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
    return np.divide(observed - shuffled, room, out=np.zeros_like(room), where=room > 1e-12)


ADAPTIVITY = Metric(
    "adaptivity",
    "how much rather tool or form change after a search or open that brought no new hop than after one that did, "
    "beyond what the same steps in random order would show; 1 = exactly after misses, 0 without misses",
    _parts,
    _above_chance,
    needs_n=FEWEST,
)
