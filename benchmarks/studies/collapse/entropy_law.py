"""The exponential law of entropy and reward, ``R = -a exp(H) + b`` (Cui et al. 2025, arXiv 2505.22617).

There R is validation accuracy; here it is the reward of the training episodes themselves. Both are trailing means
(``collapse_series.smooth``), which know nothing of later steps, so that the early prediction is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.studies.collapse.alarms import smooth
from berrypick.records import Record

#: Share of the steps that the prediction is made from, as in the paper.
EARLY: Final = 0.15
#: Steps that a fit of two parameters needs to be more than a line through points.
FEWEST: Final = 4
#: Share of its highest by which entropy must have moved.
MOVED: Final = 0.1

Array = npt.NDArray[np.float64]


class Fit(Record):
    """The law's parameters: what a unit of exp(H) costs, and ``b``, so that ``b - a`` is the reward at zero entropy."""

    a: float
    b: float

    def reward(self, entropy: Array) -> Array:
        """What the law says, for entropies in nats."""
        return self.b - self.a * np.exp(entropy)


class Early(Record):
    """The law of the first steps, and how it fares on the rest.

    Attributes:
        steps: it was fitted on.
        fit: to them.
        rmse: root mean square error over the rest, in units of reward.
        final: prediction less reward at the last step.
    """

    steps: int
    fit: Fit
    rmse: float
    final: float


class Law(Record):
    """A fit, or why there is none.

    Attributes:
        reason: why there is no fit, "" where there is.
        fit: to all steps.
        r2: share of the variance of the trailing means of reward that is explained; of single steps it is less.
        early: the prediction, None where there are too few steps for one or entropy did not move within them.
    """

    reason: str
    fit: Fit | None = None
    r2: float | None = None
    early: Early | None = None


def points(lines: Sequence[Line]) -> tuple[Array, Array]:
    """Smoothed entropy and reward of the steps that have both."""
    pairs = zip(smooth([line.entropy for line in lines]), smooth([line.reward for line in lines]), strict=True)
    known = [(entropy, reward) for entropy, reward in pairs if entropy is not None and reward is not None]
    entropy, reward = np.array(known, dtype=np.float64).reshape(-1, 2).T
    return entropy, reward


def law(entropy: Array, reward: Array) -> Law:
    """Fit the law by least squares, and predict the later steps from the first.

    Args:
        entropy: smoothed, in nats, in order of the steps. Shape (steps,).
        reward: smoothed. Shape (steps,).
    """
    if len(entropy) < FEWEST:
        return Law(f"there are {len(entropy)} steps, fewer than {FEWEST}")
    if np.ptp(entropy) < MOVED * entropy.max() or not entropy.max():
        return Law(f"entropy hardly moved: from {entropy.min():.3f} to {entropy.max():.3f} nats")
    if not np.ptp(reward):
        return Law("reward did not move")
    fit, r2 = _fit(entropy, reward)
    early = math.ceil(EARLY * len(entropy))
    return Law("", fit, r2, _predict(entropy, reward, early))


def _fit(entropy: Array, reward: Array) -> tuple[Fit, float]:
    from scipy.stats import linregress

    line = linregress(np.exp(entropy), reward)
    return Fit(float(-line.slope), float(line.intercept)), float(line.rvalue**2)


def _predict(entropy: Array, reward: Array, steps: int) -> Early | None:
    if steps < FEWEST or steps == len(entropy) or not np.ptp(entropy[:steps]):
        return None
    fit, _ = _fit(entropy[:steps], reward[:steps])
    errors = fit.reward(entropy[steps:]) - reward[steps:]
    return Early(steps, fit, math.sqrt(float(np.mean(errors**2))), float(errors[-1]))
