"""Accuracy against strategies: one labelled point a method, the start as a star, and the front of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array
from berrypick.benchmarks.report import label_placement
from berrypick.benchmarks.report.base import SOFT, arms
from berrypick.benchmarks.report.label_placement import Box
from berrypick.benchmarks.report.scatter import FAR
from berrypick.benchmarks.studies.sweep.config import START
from berrypick.benchmarks.studies.sweep.lines import LAST
from berrypick.benchmarks.studies.sweep.summary import NOTHING, Spread, SweepRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ways that are written on the axis, where none has two, and else.
_NEAR: Final = (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7)
_FAR: Final = (1, 1.5, 2, 3, 4, 6, 8, 12, 16)


def pareto(found: Sequence[SweepRow], splits: Sequence[str], colours: Mapping[str, str]) -> Figure:
    """EM against strategies_D2, one panel a split; what no other method beats in both lies on the dashed line.

    Where an evaluation has too few questions to say of each method how many ways it uses, all are placed by the ways in
    use at the end of training, which the start has none of.
    """
    from matplotlib.figure import Figure

    height = max(4.8, 0.32 * len(found))  # names stand clear of each other
    figure = Figure(figsize=(6.2 * len(splits), height), layout="constrained")
    axes = list(figure.subplots(1, len(splits), squeeze=False).flat)
    across = [_across(found, split) for split in splits]
    panels = [
        [point for row in found if (point := _point(row, name, split))]
        for name, split in zip(across, splits, strict=True)
    ]
    lines = [_panel(axis, points, colours) for axis, points in zip(axes, panels, strict=True)]
    for axis, split, name in zip(axes, splits, across, strict=True):
        axis.set_title(f"{split} worlds")
        axis.set_xlabel(f"strategies {_WHERE.get(name, 'in use')} (strategies_D2; 1 = a single strategy)")
    figure.draw_without_rendering()  # settles the layout, so that pixels are final
    for axis, points, drawn in zip(axes, panels, lines, strict=True):
        _name(axis, points, drawn, colours)
    return figure


class _Point(NamedTuple):
    method: str
    x: float
    y: float
    ways: Spread
    right: Spread


#: Where strategies were counted, if not in the evaluation.
_WHERE: Final = {"ways_at_end": f"in the last {LAST} steps of training"}


def _across(found: Sequence[SweepRow], split: str) -> str:
    """The measure of ways that every method with an accuracy has."""
    name = f"strategies_D2_{split}"
    trained = [row.measures for row in found if row.method != START and f"EM_{split}" in row.measures]
    return name if all(measures.get(name, NOTHING).value is not None for measures in trained) else "ways_at_end"


def _point(row: SweepRow, across: str, split: str) -> _Point | None:
    ways, right = (row.measures.get(name, NOTHING) for name in (across, f"EM_{split}"))
    if ways.value is None or right.value is None:
        return None
    return _Point(row.method, ways.value, right.value, ways, right)


def _panel(axis: Axes, points: Sequence[_Point], colours: Mapping[str, str]) -> list[Array]:
    """Draw a panel, but for the names of its points; returns the ends of lines that names should not cover."""
    lines = _front(axis, points)
    for point in points:
        colour, across, up = colours[point.method], arms(point.ways.estimate), arms(point.right.estimate)
        bars = axis.errorbar(point.x, point.y, xerr=across, yerr=up, color=colour, lw=0.9, alpha=0.45)
        lines += [line for arm in bars[2] for line in arm.get_segments()]
        marker, size = ("*", 150) if point.method == START else ("o", 46)
        axis.scatter([point.x], [point.y], s=size, marker=marker, color=colour, edgecolors="white", lw=0.8, zorder=3)
    low, high = axis.get_ylim()
    axis.set(ylabel="EM", xscale="log")
    axis.set_ylim(max(low, -0.02), min(high, 1.02))
    far = 1.25 * max([1.1, *(point.x for point in points)])
    axis.set_xlim(far**-0.12, far)
    ticks = [tick for tick in (_NEAR if far < 2 else _FAR) if tick <= far]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    return lines


def _front(axis: Axes, points: Sequence[_Point]) -> list[Array]:
    """Draw stairs over the points that no other exceeds in both, from the most accurate to the widest."""
    stairs: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda p: (-p.y, -p.x)):
        if not stairs or point.x > stairs[-1][0]:
            stairs += [(stairs[-1][0], point.y)] if stairs else []
            stairs.append((point.x, point.y))
    axis.plot([x for x, _ in stairs], [y for _, y in stairs], "--", color=SOFT, lw=0.9, alpha=0.6, zorder=1)
    return [np.array(pair) for pair in pairwise(stairs)]


def _name(axis: Axes, points: Sequence[_Point], lines: Sequence[Array], colours: Mapping[str, str]) -> None:
    """Label the points of a laid-out panel in their colours, clear of each other and of the intervals."""
    spots = [_pixels(axis, point.x, point.y) for point in points]
    texts = [axis.text(0, 0, p.method, fontsize=8, color=colours[p.method], ha="center", va="center") for p in points]
    sizes = [(box.width + 2, box.height + 1) for box in (text.get_window_extent() for text in texts)]
    ends = [(_pixels(axis, *line[0]), _pixels(axis, *line[1])) for line in lines]
    boxes = [Box(min(a, c) - 1, min(b, d) - 1, max(a, c) + 1, max(b, d) + 1) for (a, b), (c, d) in ends]
    centres = label_placement.place(spots, sizes, Box(*axis.get_window_extent().extents), boxes)
    for text, spot, centre, point in zip(texts, spots, centres, points, strict=True):
        x, y = axis.transData.inverted().transform(centre)
        text.set_position((x, y))
        if abs(centre[1] - spot[1]) > FAR:
            thread = {"arrowstyle": "-", "color": colours[point.method], "lw": 0.6, "shrinkA": 5, "shrinkB": 4}
            axis.annotate("", spot, centre, xycoords="figure pixels", textcoords="figure pixels", arrowprops=thread)


def _pixels(axis: Axes, x: float, y: float) -> tuple[float, float]:
    across, up = axis.transData.transform((x, y))
    return float(across), float(up)
