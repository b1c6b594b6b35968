"""Curves of a sweep: bands from three seeds on, axes that the means fill."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from berrypick.benchmarks.studies.sweep import plots


def runs(*values: float) -> list[SimpleNamespace]:
    return [SimpleNamespace(lines=[SimpleNamespace(step=0, reward=value)]) for value in values]


def test_two_seeds_have_a_mean_and_no_band():
    points = plots.curve(runs(0.4, 0.5), "reward")
    assert points.mean == pytest.approx([0.45]) and np.isnan([*points.low, *points.high]).all()


def test_three_seeds_have_the_t_interval():
    """s = .1, half width 4.3027 * .1 / sqrt(3) = .24842."""
    points = plots.curve(runs(0.4, 0.5, 0.6), "reward")
    assert (points.low[0], points.high[0]) == pytest.approx((0.25158, 0.74842), abs=1e-5)


@pytest.mark.parametrize(
    ("quantity", "means", "ends"),
    [
        ("reward", [0.2, 0.5], (0.0, 0.6)),  # 1.2 * .5
        ("strategies_D2", [1.5, np.nan], (1.0, 1.6)),  # 1 + 1.2 * .5
        ("strategies_D2", [1.0, 1.0], (1.0, 1.06)),
        ("entropy", [np.nan, np.nan], (0.0, 0.06)),
    ],
)
def test_an_axis_reaches_from_the_least_to_a_little_above_the_highest_mean(quantity, means, ends):
    axis = Figure().subplots()
    axis.plot([0, 1], means)
    axis.fill_between([0, 1], [-9, -9], [9, 9])
    plots._frame([axis], quantity)
    assert axis.get_ylim() == pytest.approx(ends)
