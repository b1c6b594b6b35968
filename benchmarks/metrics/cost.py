"""What an episode costs, and how honest it is. Failed rollouts have no cost; their share is ``errors``."""

from __future__ import annotations

from collections.abc import Callable

from berrypick.benchmarks.metrics.base import Metric, TaskOutcomes, each
from berrypick.envs.scoring.outcome import Outcome


def _mean(of: Callable[[Outcome], float]) -> Callable[[TaskOutcomes], float | None]:
    return lambda task: sum(map(of, task.outcomes)) / len(task.outcomes) if task.outcomes else None


SEARCHES = Metric("searches", "searches per episode", each(_mean(lambda o: o.searches)), better=-1)
OPENS = Metric("opens", "pages opened per episode", each(_mean(lambda o: o.opens)), better=-1)
TOKENS = Metric("tokens", "white-space words written per episode", each(_mean(lambda o: o.tokens)), better=-1)


def _bytes(task: TaskOutcomes) -> float | None:
    if any(outcome.tokens and not outcome.bytes for outcome in task.outcomes):
        return None  # recorded before bytes were counted
    return _mean(lambda outcome: outcome.bytes)(task)


BYTES = Metric(
    "bytes",
    "bytes of UTF-8 written per episode: a thought of a thousand letters without a blank is one word and no small cost",
    each(_bytes),
    better=-1,
)
INVALID = Metric(
    "invalid",
    "share of an episode's turns that were no valid action",
    each(_mean(lambda o: o.invalid / max(len(o.raw_moves), 1))),
    better=-1,
)
UNSUPPORTED = Metric(
    "unsupported",
    "share of episodes that ended with an answer never displayed",
    each(_mean(lambda o: o.answered and not o.supported)),
    better=-1,
)
ERRORS = Metric("errors", "share of rollouts that failed", each(lambda task: task.errors / task.rollouts), better=-1)
