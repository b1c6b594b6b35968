"""The crossed bootstrap over seeds and questions: intervals of a mean over both, and tests of equivalence.

A study trains every arm with several seeds and asks all of them the same questions. Seeds and questions are two random
samples, and the interval of a mean over both has to contain the variation of both (Owen 2007, "The pigeonhole
bootstrap"). Each resample draws the seeds and, independently, the questions, both with replacement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array
from berrypick.benchmarks.stats import bootstrap
from berrypick.errors import BadInput

#: Streams of the resampling (``bootstrap.draw``). Numbers below 2**16 are those of cells.
_SEEDS = 2**16
_QUESTIONS = _SEEDS + 1


class Crossed(NamedTuple):
    """A mean over seeds and questions.

    Attributes:
        value: the mean.
        replicates: the mean in each resample; shape (RESAMPLES,).
        seeds: number of seeds.
        questions: number of questions.
    """

    value: float
    replicates: Array
    seeds: int
    questions: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % percentile interval."""
        return _percentiles(self.replicates, 0.05)

    @property
    def interval_90(self) -> tuple[float, float]:
        """Lower and upper end of the 90 % percentile interval, which decides equivalence."""
        return _percentiles(self.replicates, 0.10)

    @property
    def standard_error(self) -> float:
        """Standard deviation of the replicates, in the unit of the value."""
        return float(np.std(self.replicates, ddof=1))

    @property
    def excludes_zero(self) -> bool:
        """Whether the 95 % interval lies on one side of 0."""
        low, high = self.interval
        return low > 0 or high < 0

    def is_equivalent(self, margin: float) -> bool:
        """Whether the value differs from 0 by less than a margin, at the 5 % level.

        Two one-sided tests (Schuirmann 1987): both reject exactly where the 90 % interval lies within the margin.

        Args:
            margin: smallest effect of interest, positive, in the unit of the value.

        Raises:
            BadInput: the margin is not positive.
        """
        if not margin > 0:
            raise BadInput(f"must be above 0, got {margin}: it is the smallest effect of interest", field="margin")
        low, high = self.interval_90
        return -margin < low and high < margin


def crossed(values: Array, seed: int) -> Crossed:
    """Estimate the mean over seeds and questions.

    The crossed bootstrap is conservative: the variance of its replicates counts what neither seeds nor questions
    explain three times (Owen 2007, theorem 1), which is small beside the two where there are many of both.

    Args:
        values: one value for each seed and question, for example the share of right rollouts; shape (seeds, questions).
        seed: of the resampling; the same values and seed give the same bytes.

    Raises:
        BadInput: fewer than two seeds or two questions, or a value that is not finite.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        raise BadInput(
            f"must have at least two seeds and two questions, got shape {values.shape}: train more seeds",
            field="values",
        )
    if not np.isfinite(values).all():
        where = tuple(int(index) for index in np.argwhere(~np.isfinite(values))[0])
        raise BadInput(
            f"must be finite, got {values[where]} at (seed, question) {where}: leave the question out of all arms",
            field="values",
        )
    seeds, questions = values.shape
    of_seeds = bootstrap.draw(seeds, seed, _SEEDS) / seeds
    of_questions = bootstrap.draw(questions, seed, _QUESTIONS) / questions
    replicates = np.einsum("rs,sq,rq->r", of_seeds, values, of_questions, optimize=True)
    return Crossed(float(values.mean()), replicates, seeds, questions)


def difference(first: Array, second: Array, seed: int) -> Crossed:
    """Estimate the paired difference of two arms, first minus second.

    Seeds are paired too: both arms draw the same questions and resample the same seeds.

    Args:
        first: values of one arm; shape (seeds, questions).
        second: values of the other, of the same shape, seed by seed and question by question.
        seed: of the resampling.

    Raises:
        BadInput: the shapes differ, or as in ``crossed``.
    """
    if first.shape != second.shape:
        raise BadInput(
            f"both arms must have the same seeds and questions, got shapes {first.shape} and {second.shape}: "
            "keep those that both have",
            field="values",
        )
    return crossed(first - second, seed)


def diversity_difference(first: Array, second: Array, seed: int) -> Crossed:
    """Estimate the difference of two arms in ``1 / mean chance that two successes are alike``, first minus second.

    A question that has no value with a seed in one of the arms counts in neither.

    Args:
        first: chances of one arm, NaN where there are fewer than two successes; shape (seeds, questions).
        second: those of the other, of the same shape, seed by seed and question by question.
        seed: of the resampling.

    Returns:
        The difference in effective numbers of strategies; NaN where no question has a value in both.

    Raises:
        BadInput: the shapes differ, or fewer than two seeds or two questions.
    """
    if first.shape != second.shape or first.ndim != 2 or min(first.shape) < 2:
        raise BadInput(
            f"both arms must have the same seeds and questions, two of each at least, got shapes {first.shape} and "
            f"{second.shape}: keep those that both have",
            field="values",
        )
    seeds, questions = first.shape
    of_seeds = bootstrap.draw(seeds, seed, _SEEDS) / seeds
    of_questions = bootstrap.draw(questions, seed, _QUESTIONS) / questions
    known = np.isfinite(first) & np.isfinite(second)
    sums = [
        np.einsum("rs,sq,rq->r", of_seeds, np.where(known, values, 0.0), of_questions, optimize=True)
        for values in (known.astype(np.float64), first, second)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):  # no two alike: infinitely many, or no question at all
        replicates = sums[0] / sums[1] - sums[0] / sums[2]
        value = 1 / first[known].mean() - 1 / second[known].mean() if known.any() else np.nan
    return Crossed(float(value), replicates[np.isfinite(replicates)], seeds, questions)


class Components(NamedTuple):
    """Variances of values of shape (seeds, questions): between seeds, between questions, and what neither explains."""

    seeds: float
    questions: float
    residual: float

    def standard_error(self, seeds: int, questions: int) -> float:
        """Return the standard error of the mean over new seeds and new questions, in the unit of the values."""
        variance = self.seeds / seeds + self.questions / questions + self.residual / (seeds * questions)
        return float(np.sqrt(variance))


def components(values: Array) -> Components:
    """Estimate the variance components of a two-way random-effects model from its mean squares (Searle et al. 1992).

    Estimates below 0 are set to 0.

    Args:
        values: shape (seeds, questions), two of each at least.
    """
    seeds, questions = values.shape
    by_seed, by_question = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_seed[:, None] - by_question[None, :] + values.mean()
    residual = float((rest**2).sum()) / ((seeds - 1) * (questions - 1))
    between_seeds = (questions * float(np.var(by_seed, ddof=1)) - residual) / questions
    between_questions = (seeds * float(np.var(by_question, ddof=1)) - residual) / seeds
    return Components(max(between_seeds, 0.0), max(between_questions, 0.0), residual)


def _percentiles(replicates: Array, level: float) -> tuple[float, float]:
    low, high = np.percentile(replicates, [50 * level, 100 - 50 * level])
    return float(low), float(high)
