"""Metrics of the number of strategies among grounded successes. Blank below 30 tasks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, groupby

import numpy as np

from berrypick.benchmarks.metrics.base import FEWEST, Array, Metric, TaskOutcomes, each
from berrypick.diversity import exp_entropy_at, mean_jaccard, pairs_alike, pass_at_k, vendi_at
from berrypick.envs.scoring.moves import ANSWER
from berrypick.envs.scoring.outcome import Outcome
from berrypick.text import tokens


def strategies(task: TaskOutcomes) -> Counter[tuple[str, ...]]:
    """Count the strategies of a task's grounded successes."""
    return Counter(outcome.strategy for outcome in task.grounded)


def _from(least: int, of: Callable[[list[Outcome]], float]) -> Callable[[Sequence[TaskOutcomes]], Array]:
    """Lift a function of grounded successes that needs at least so many of them."""
    return each(lambda task: of(task.grounded) if len(task.grounded) >= least else None)


def _counts(successes: list[Outcome]) -> list[int]:
    return list(Counter(outcome.strategy for outcome in successes).values())


def _inverse(means: Array) -> Array:
    with np.errstate(divide="ignore"):  # no two alike among all pairs: infinitely many ways, which prints as blank
        return 1 / means[..., 0]


STRATEGIES_D2 = Metric(
    "strategies_D2",
    "effective number of strategies, order 2: 1 / mean chance that two grounded successes of a task share one",
    _from(2, lambda successes: pairs_alike(_counts(successes))),
    _inverse,
    needs_n=FEWEST,
)
STRATEGIES_D1 = Metric(
    "strategies_D1",
    "effective number of strategies, order 1, among 4 grounded successes of a task (1 to 4)",
    _from(4, lambda successes: exp_entropy_at(_counts(successes), 4)),
    needs_n=FEWEST,
)


def _searching(outcome: Outcome) -> tuple[str, ...]:
    """The strategy without the answer, which ends every one: what all share tells none apart."""
    return tuple(move for move in outcome.strategy if move != ANSWER)


VENDI = Metric(
    "vendi",
    "Vendi score of 4 grounded successes of a task: effective number of strategies (1 to 4), those with bigrams of "
    "moves in common counting as alike in part",
    _from(4, lambda successes: vendi_at(Counter(map(_searching, successes)), 4)),
    needs_n=FEWEST,
)


def _columns(tasks: Sequence[TaskOutcomes]) -> Array:
    counts = [strategies(task) for task in tasks]
    names = dict.fromkeys(chain.from_iterable(counts))
    rows = np.array([[count[name] for name in names] for count in counts], dtype=np.float64)
    rows = rows.reshape(len(tasks), len(names)) if names else np.zeros((len(tasks), 1))
    rows[rows.sum(axis=1) == 0] = math.nan
    return rows


DOMINANT_SHARE = Metric(
    "dominant_share",
    "share of the commonest strategy over all grounded successes",
    _columns,
    lambda means: means.max(axis=-1) / means.sum(axis=-1),
    needs_n=FEWEST,
    better=-1,
)


def _coverage(task: TaskOutcomes, chance: Callable[[int], float]) -> float | None:
    """Mean over hops and their viable genres of the chance that a genre is used, given how many successes use it."""
    if not any(genre for route in task.routes for genre in route):
        return None  # no audit, or a corpus without genres: it has one route, and covering that is accuracy
    used = [outcome.route for outcome in task.grounded]
    shares = []
    for hop in range(len(task.routes[0])):
        viable = sorted({route[hop] for route in task.routes})  # a set's order would reach the last bits of the sum
        shares.append(sum(chance(sum(route[hop] == genre for route in used)) for genre in viable) / len(viable))
    return sum(shares) / len(shares)


ROUTE_COVERAGE = Metric(
    "route_coverage",
    "mean over hops of the share of viable genres that grounded successes used; 0 without success",
    each(lambda task: _coverage(task, lambda uses: float(uses > 0))),
    default=0.0,
    needs_n=FEWEST,
)


def route_coverage_at(m: int) -> Metric:
    """Return ``route_coverage@m``: the same, expected of m successes, so that accuracy does not enter."""

    def of(task: TaskOutcomes) -> float | None:
        c = len(task.grounded)
        return _coverage(task, lambda uses: pass_at_k(c, uses, m)) if c >= m else None

    return Metric(f"route_coverage@{m}", f"route_coverage expected of {m} grounded successes", each(of), needs_n=FEWEST)


EVIDENCE_DIVERSITY = Metric(
    "evidence_diversity",
    "1 - mean Jaccard similarity of the attesting documents of two grounded successes of a task",
    _from(2, lambda successes: 1 - mean_jaccard([outcome.evidence for outcome in successes])),
    needs_n=FEWEST,
)


def _first_query_pairs(task: TaskOutcomes) -> float | None:
    queries = [outcome.first_query for outcome in task.outcomes if outcome.first_query is not None]
    counts = Counter(frozenset(tokens(query)) for query in queries)
    return pairs_alike(list(counts.values())) if len(queries) >= 2 else None


FIRST_QUERY_DUPLICATES = Metric(
    "first_query_duplicates",
    "chance that two rollouts of a task begin with the same query (same words, any order)",
    each(_first_query_pairs),
    needs_n=FEWEST,
    better=-1,
)


def _rollout_pairs(task: TaskOutcomes) -> float | None:
    counts = Counter(outcome.raw_moves for outcome in task.outcomes)
    return pairs_alike(list(counts.values())) if len(task.outcomes) >= 2 else None


DETERMINISM = Metric(
    "determinism",
    "chance that two rollouts of a task, right or wrong, make the same raw moves in the same order",
    each(_rollout_pairs),
    needs_n=FEWEST,
    better=-1,
)


def _merged(strategy: Sequence[str]) -> tuple[str, ...]:
    """A strategy without the names of its engines, run-length reduced again."""
    moves = (move if tool in ("open", "") else f"search/{rest}" for move in strategy for tool, rest in [_split(move)])
    return tuple(move for move, _ in groupby(moves))


def _split(move: str) -> tuple[str, str]:
    """Tool and "source/form" of a move; the tool is "" where a move has none. An engine's name may hold a path."""
    tool, *rest = move.rsplit("/", 2)
    return (tool, "/".join(rest)) if len(rest) == 2 else ("", move)


STRATEGIES_D2_FORMS = Metric(
    "strategies_D2_forms",
    "strategies_D2 with all engines taken for one: drawing the engine at random adds nothing here",
    _from(2, lambda found: pairs_alike(list(Counter(_merged(outcome.strategy) for outcome in found).values()))),
    _inverse,
    needs_n=FEWEST,
)
