"""Curves, one an agent, each named at its right end: pass@k, pass@(k,T), and searches against hops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, product
from typing import TYPE_CHECKING, NamedTuple

from berrypick.benchmarks.report import label_placement
from berrypick.benchmarks.report.base import Panel, ReportRow, grid, palette
from berrypick.diversity import pass_at_k as unbiased

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class End(NamedTuple):
    """Where a line ends, and the sum of its heights, which orders lines that end alike."""

    agent: str
    x: float
    y: float
    area: float


class Pane(NamedTuple):
    """One picture of a cell: an agent's points, how the axes are dressed, and what the cell's name is followed by."""

    curve: Callable[[ReportRow], dict[float, float]]
    dress: Callable[[Axes], None]
    title: str = ""


def pass_at_k(lined_up: Sequence[Panel]) -> Figure:
    """pass@k for every k up to the number of rollouts."""

    def curve(row: ReportRow) -> dict[float, float]:
        n, right = row.cell.rollouts, [question.correct for question in row.questions]
        return {k: sum(unbiased(n, c, k) for c in right) / len(right) for k in range(1, n + 1)} if right else {}

    def dress(axis: Axes) -> None:
        axis.set_xscale("log", base=2)
        ticks = [2**i for i in range(13) if 2**i <= axis.get_xlim()[1]]
        axis.set_xticks(ticks, [str(k) for k in ticks])
        axis.minorticks_off()
        axis.set(xlabel="k (attempts at one question)", ylabel="pass@k", ylim=(-0.03, 1.03))

    return _lines(lined_up, [Pane(curve, dress)])


def pass_within(lined_up: Sequence[Panel]) -> Figure:
    """pass@(k,T) for every number of turns before the answer; left one attempt, right as many as there are rollouts."""
    longest = max(
        (len(question.rounds) for panel in lined_up for row in panel.rows for question in row.questions), default=1
    )
    turns = range(max(longest, 2))

    def curve(row: ReportRow, every: bool) -> dict[float, float]:
        n = row.cell.rollouts
        right = [list(accumulate((*question.rounds, *[0] * len(turns))))[: len(turns)] for question in row.questions]
        k = n if every else 1
        return {t: sum(unbiased(n, c[t], k) for c in right) / len(right) for t in turns} if right else {}

    def dress(axis: Axes) -> None:
        axis.set_xticks(turns)
        axis.set(xlabel="T (turns before the answer, at most)", ylabel="pass@(k,T)", ylim=(-0.03, 1.03))

    panes = [
        Pane(partial(curve, every=every), dress, title)
        for every, title in ((False, "one attempt"), (True, "all attempts"))
    ]
    return _lines(lined_up, panes)


def searches_against_hops(lined_up: Sequence[Panel]) -> Figure:
    """Mean number of searches an episode, by the number of facts that the answer rests on."""

    def curve(row: ReportRow) -> dict[float, float]:
        groups: dict[int, list[float]] = {}
        for question in row.questions:
            spent = question.metrics["searches"]
            if spent is not None:  # None where every rollout of the question failed
                groups.setdefault(question.hops, []).append(spent)
        return {hops: sum(group) / len(group) for hops, group in sorted(groups.items())}

    def dress(axis: Axes) -> None:
        low, high = axis.get_xlim()
        axis.set_xticks(range(math.ceil(low), math.floor(high) + 1))
        axis.set(xlabel="hops (facts that the answer rests on)", ylabel="searches an episode")
        axis.set_ylim(bottom=-0.1)

    return _lines(lined_up, [Pane(curve, dress)])


def _lines(lined_up: Sequence[Panel], panes: Sequence[Pane]) -> Figure:
    figure, axes = grid(len(lined_up) * len(panes), 6.2, 4.4)
    colours = palette(lined_up)
    for (panel, pane), axis in zip(product(lined_up, panes), axes, strict=True):
        ends = []
        for row in panel.rows:
            if points := pane.curve(row):
                axis.plot(list(points), list(points.values()), "o-", color=colours[row.agent], lw=1.4, ms=3)
                ends.append(End(row.agent, max(points), points[max(points)], sum(points.values())))
        pane.dress(axis)
        axis.set_title(f"{panel.label}: {pane.title}" if pane.title else panel.label)
        _name_ends(axis, sorted(ends, key=lambda end: (end.y, end.area)), colours)
    return figure


def _name_ends(axis: Axes, ends: Sequence[End], colours: dict[str, str]) -> None:
    low, high = axis.get_ylim()
    heights = label_placement.spread([end.y for end in ends], (high - low) / 24, low, high)
    for end, height in zip(ends, heights, strict=True):
        colour = colours[end.agent]
        axis.annotate(
            end.agent,
            (end.x, end.y),
            (1.07, (height - low) / (high - low)),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.6, "relpos": (0, 0.5)},
        )
