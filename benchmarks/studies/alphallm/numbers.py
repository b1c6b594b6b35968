"""Numbers of ``berrypick study search``: how well critics judge, and what choosing by them is worth. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.stats import bootstrap
from berrypick.benchmarks.stats.bootstrap import Difference, Estimate
from berrypick.records import Record

#: Bins of equal width of ``expected_calibration_error``.
BINS: Final = 10


class Judged(Record):
    """How well a critic judges examples that it did not learn from.

    Attributes:
        auc: area under the ROC curve, None where all examples have one label.
        brier: mean squared error of the probability (Brier 1950).
        brier_constant: the same of always saying the share of good ones.
        ece: expected calibration error.
        n: examples.
        good: share of them.
    """

    auc: float | None
    brier: float
    brier_constant: float
    ece: float
    n: int
    good: float


def judge(probability: np.ndarray, label: np.ndarray) -> Judged:
    """Compare probabilities with what happened. Shapes: (n,), (n,) bool; n at least 1."""
    from sklearn.metrics import roc_auc_score

    good = float(label.mean())
    return Judged(
        auc=float(roc_auc_score(label, probability)) if 0 < good < 1 else None,
        brier=float(np.mean((probability - label) ** 2)),
        brier_constant=good * (1 - good),
        ece=expected_calibration_error(probability, label),
        n=len(label),
        good=good,
    )


def expected_calibration_error(probability: np.ndarray, label: np.ndarray) -> float:
    """Mean over examples of |mean probability - share of good ones| in their bin (Guo et al. 2017)."""
    which = np.minimum((probability * BINS).astype(int), BINS - 1)
    counts = np.bincount(which, minlength=BINS)
    said, good = (np.bincount(which, each, minlength=BINS) for each in (probability, label))
    return float(np.abs(said - good).sum() / counts.sum())


def best_of(score: np.ndarray, paid: np.ndarray, n: int) -> np.ndarray:
    """Return how often the best-scored of n rollouts is right, over the blocks of n that there are.

    Args:
        score: shape (questions, rollouts); the first of equals is chosen.
        paid: shape (questions, rollouts), bool.
        n: at most the number of rollouts; what is left over is not used.

    Returns:
        Shape (questions,).
    """
    blocks = score.shape[1] // n
    scores, rights = (each[:, : blocks * n].reshape(len(each), blocks, n) for each in (score, paid))
    chosen = scores.argmax(axis=2)[..., None]
    return np.asarray(np.take_along_axis(rights, chosen, axis=2)[..., 0].mean(axis=1))


def reaching(tokens: Sequence[int], wanted: int) -> int | None:
    """Return how many episodes, in their order, generate at least so many tokens; None where all do not."""
    total = np.cumsum(tokens)
    reached = np.flatnonzero(total >= wanted)
    return int(reached[0]) + 1 if len(reached) else None


def compared(rows: Mapping[str, np.ndarray], against: str, seed: int) -> tuple[dict[str, Value], dict[str, Difference]]:
    """Return each mean over questions, and one's paired differences from the others; shapes (questions,)."""
    weights = bootstrap.draw(len(rows[against]), seed, 0)
    found = {name: _mean(each, weights) for name, each in rows.items()}
    ours = found[against]
    differences = {
        name: bootstrap.difference(bootstrap.less(ours, one)) for name, one in found.items() if name != against
    }
    return {name: bootstrap.value(one) for name, one in found.items()}, differences


def ways(rows: Mapping[str, np.ndarray], seed: int) -> tuple[dict[str, Value], dict[str, Difference]]:
    """Return strategies_D2 of several policies, and of each but the first the first one's less its own.

    Args:
        rows: name -> of each question the chance that two grounded successes went the same way, NaN where there are
            fewer than two. Shape (questions,). A difference is over the questions where both have one.
        seed: of the resampling.
    """
    first, *others = rows
    weights = bootstrap.draw(len(rows[first]), seed, 0)
    found = {name: bootstrap.value(_hill(each, weights)) for name, each in rows.items()}
    less = {}
    for name in others:
        both = np.isnan(rows[first]) | np.isnan(rows[name])
        ours, own = (_hill(np.where(both, np.nan, rows[each]), weights) for each in (first, name))
        less[name] = bootstrap.difference(bootstrap.less(ours, own) if ours and own else None)
    return found, less


def _hill(alike: np.ndarray, weights: np.ndarray) -> Estimate | None:
    with np.errstate(divide="ignore"):  # no two alike, in some resample or in all: infinitely many ways
        return bootstrap.estimate(lambda means: 1 / means[..., 0], alike[:, None], weights)


def _mean(values: np.ndarray, weights: np.ndarray) -> Estimate:
    found = bootstrap.estimate(lambda means: means[..., 0], values[:, None].astype(np.float64), weights)
    assert found is not None, "every question has a value"
    return found
