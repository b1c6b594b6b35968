"""Accuracy against strategies: one labelled point an agent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from berrypick.benchmarks.report import label_placement
from berrypick.benchmarks.report.base import INK, Panel, ReportRow, arms, grid, palette
from berrypick.benchmarks.report.label_placement import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

#: Two ends, each (x, y).
Line = npt.NDArray[np.float64]

#: Distance in pixels from which a thread joins a label with its point.
FAR: Final = 24
NOTE: Final = "too few successes\nto count ways"


def accuracy_against_strategies(lined_up: Sequence[Panel]) -> Figure:
    """Grounded successes against strategies_D2; agents with too few successes to tell stand in a strip at the left."""
    figure, axes = grid(len(lined_up), 6.4, 5.2)
    colours = palette(lined_up)
    drawn = [_draw(axis, panel, colours) for panel, axis in zip(lined_up, axes, strict=True)]
    figure.draw_without_rendering()  # settles the layout, so that pixels are final
    for axis, done in zip(axes, drawn, strict=True):
        _name_points(axis, done)
    return figure


class Drawn(NamedTuple):
    """What a panel shows, in its own units: points by agent, and the intervals that names should not cover."""

    points: dict[str, tuple[float, float]]
    lines: list[Line]


def _draw(axis: Axes, panel: Panel, colours: dict[str, str]) -> Drawn:
    """Draw a panel, but for the names of its points."""
    known = [row for row in panel.rows if row.metric("strategies_D2").value is not None]
    far = max([2.0, *(row.metric("strategies_D2").high or 1.0 for row in known)])
    drawn = Drawn({}, [])
    for row in known:
        ways, success = row.metric("strategies_D2"), row.metric("grounded")
        x, y, colour = ways.value or 1.0, success.value or 0.0, colours[row.agent]
        bars = axis.errorbar(x, y, xerr=arms(ways), yerr=arms(success), color=colour, lw=0.9, alpha=0.45)
        drawn.lines.extend(line for arm in bars[2] for line in arm.get_segments())
        drawn.points[row.agent] = (x, y)
        _dot(axis, x, y, colour, row.agent)
    axis.set(title=panel.label, ylim=(-0.06, 1.12), ylabel="grounded success rate")
    axis.set(xlabel="strategies in use (strategies_D2; 1 = a single strategy)")
    axis.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axis.xaxis.set_major_locator(_ticks(far))
    axis.set_xlim(1 - 0.08 * (far - 1), 1 + 1.06 * (far - 1))
    _strip(axis, [row for row in panel.rows if row not in known], far - 1, colours)
    return drawn


def _dot(axis: Axes, x: float, y: float, colour: str, agent: str) -> None:
    axis.scatter([x], [y], s=42, color=colour, edgecolors="white", linewidths=0.8, zorder=3, gid=agent)


def _strip(axis: Axes, rows: Sequence[ReportRow], unit: float, colours: dict[str, str]) -> None:
    """Stand agents without a number in a column left of 1, each named beside it."""
    if not rows:
        return
    left, right = 1 - 0.58 * unit, 1 - 0.1 * unit
    axis.axvspan(left, right, color="#f3f4f6", zorder=0)
    axis.set_xlim(left=left)
    axis.text((left + right) / 2, 1.1, NOTE, fontsize=7.5, color="#7a808a", ha="center", va="top", linespacing=1.4)
    rows = sorted(rows, key=lambda row: row.metric("grounded").value or 0.0)
    heights = [row.metric("grounded").value or 0.0 for row in rows]
    x, beside = left + 0.06 * unit, left + 0.14 * unit
    for row, y, height in zip(rows, heights, label_placement.spread(heights, 0.045, -0.04, 1.0), strict=True):
        thread = {"arrowstyle": "-", "color": "#b6bac2", "lw": 0.6, "relpos": (0, 0.5), "shrinkB": 4}
        _dot(axis, x, y, colours[row.agent], row.agent)
        axis.annotate(row.agent, (x, y), (beside, height), fontsize=7.5, color=INK, va="center", arrowprops=thread)


def _ticks(far: float) -> Locator:
    from matplotlib.ticker import FixedLocator

    step = 0.2 if far < 2.5 else 0.5 if far < 4 else math.ceil(far / 8)
    return FixedLocator([1 + step * i for i in range(math.floor((far - 1) * 1.06 / step) + 1)])


def _name_points(axis: Axes, drawn: Drawn) -> None:
    """Label the points of a laid-out panel, clear of each other and of the intervals."""
    spots = [_pixels(axis, point) for point in drawn.points.values()]
    texts = [axis.text(0, 0, agent, fontsize=7.5, color=INK, ha="center", va="center") for agent in drawn.points]
    sizes = [(box.width + 2, box.height + 1) for box in (text.get_window_extent() for text in texts)]
    frame = Box(*axis.get_window_extent().extents)
    centres = label_placement.place(spots, sizes, frame, [_extent(axis, line) for line in drawn.lines])
    for text, spot, centre in zip(texts, spots, centres, strict=True):
        x, y = axis.transData.inverted().transform(centre)
        text.set_position((x, y))
        if abs(centre[1] - spot[1]) > FAR:
            thread = {"arrowstyle": "-", "color": "#b6bac2", "lw": 0.6, "shrinkA": 5, "shrinkB": 4}
            axis.annotate("", spot, centre, xycoords="figure pixels", textcoords="figure pixels", arrowprops=thread)


def _pixels(axis: Axes, point: tuple[float, float]) -> tuple[float, float]:
    x, y = axis.transData.transform(point)
    return float(x), float(y)


def _extent(axis: Axes, line: Line) -> Box:
    (x0, y0), (x1, y1) = axis.transData.transform(line)
    return Box(min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1)
