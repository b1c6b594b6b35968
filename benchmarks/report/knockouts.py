"""What is left where something was changed: bars by knock-out, and a map of every change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.report.base import INK, SOFT, arms, short
from berrypick.benchmarks.report.columns import Column
from berrypick.benchmarks.result import BLANK, CellResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAIN: Final = "#b9bec7"
BAR: Final = "#2a78a8"
#: Panels of bars beside each other.
ABREAST: Final = 5


def knockout_bars(lined_up: Sequence[Column]) -> Figure | None:
    """EM in each plain cell and under each knock-out, one panel an agent; None where nothing was knocked out."""
    from matplotlib.figure import Figure

    shown = [column for column in lined_up if not column.change or knocked_out(column)]
    agents = agents_of(shown)
    if not any(column.change for column in shown) or not agents:
        return None
    across = min(ABREAST, len(agents))
    down = math.ceil(len(agents) / across)
    figure = Figure(figsize=(1.6 + 2.3 * across, (0.24 * len(shown) + 0.55) * down + 0.3), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axis, agent in zip(axes.flat, agents, strict=False):
        _bars(axis, agent, shown)
    for axis in list(axes.flat)[len(agents) :]:
        axis.set_visible(False)
    for axis in list(axes.flat)[max(len(agents) - across, 0) : len(agents)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("EM", fontsize=8)
    return figure


def _bars(axis: Axes, agent: str, shown: Sequence[Column]) -> None:
    cells = [column.cells.get(agent) for column in shown]
    for place, (cell, column) in enumerate(zip(cells, shown, strict=True)):
        right = em(cell)
        if right.value is None:
            axis.text(0.02, place, "does not read this", fontsize=6.5, color=SOFT, va="center")
            continue
        axis.barh(place, right.value, color=BAR if column.change else PLAIN, height=0.72)
        axis.errorbar(right.value, place, xerr=arms(right), color=INK, lw=0.8)
        kept = resilience(cell).value
        if kept is not None:
            axis.text(1.07, place, f"{kept:.2f}", fontsize=7, color=INK, va="center", ha="left")
    axis.text(1.07, -0.9, "retained", fontsize=7, color=SOFT, va="center", ha="left")
    axis.set_yticks(range(len(shown)), names(shown), fontsize=7.5)
    axis.set(xlim=(0, 1.32), ylim=(len(shown) - 0.5, -0.5))
    axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=7.5)
    axis.set_title(short(agent), fontsize=8.5)
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", length=0)


def change_map(lined_up: Sequence[Column]) -> Figure | None:
    """EM of every agent in every cell, with the share retained under a knock-out; None where nothing was changed."""
    from matplotlib.figure import Figure

    agents = agents_of(lined_up)
    if not lined_up or not agents:
        return None
    values = np.array(
        [[em(column.cells.get(agent)).value for column in lined_up] for agent in agents], dtype=np.float64
    )
    size = (2.6 + 0.62 * len(lined_up), 1.7 + 0.4 * len(agents))
    figure = Figure(figsize=(max(size[0], 7.5), size[1]), layout="constrained")
    axis = figure.add_subplot()
    image = axis.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, agent in enumerate(agents):
        for place, column in enumerate(lined_up):
            _write(axis, place, row, column.cells.get(agent))
    axis.set_xticks(range(len(lined_up)), names(lined_up), rotation=40, ha="left", rotation_mode="anchor", fontsize=8)
    axis.set_yticks(range(len(agents)), [short(agent) for agent in agents], fontsize=8)
    axis.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    for place, column in enumerate(lined_up):
        if not column.change:  # a plain cell stands apart from what was changed in it, and from what is before it
            axis.axvline(place + 0.5, color="white", lw=4)
            if place:
                axis.axvline(place - 0.5, color="white", lw=4)
    figure.colorbar(image, ax=axis, label="EM", fraction=0.025, pad=0.01)
    return figure


def _write(axis: Axes, x: int, y: int, cell: CellResult | None) -> None:
    right, kept = em(cell).value, resilience(cell).value
    if right is None:
        axis.text(x, y, "\u2013", ha="center", va="center", fontsize=8, color=SOFT)
        return
    ink = "white" if right > 0.6 else INK
    axis.text(x, y - (0.15 if kept is not None else 0), f"{right:.2f}", ha="center", va="center", fontsize=8, color=ink)
    if kept is not None:
        axis.text(x, y + 0.24, f"retained {kept:.2f}", ha="center", va="center", fontsize=6, color=ink)


def names(lined_up: Sequence[Column]) -> list[str]:
    """What an axis calls its cells: the change alone, where nothing else tells them apart."""
    alone = len({column.where for column in lined_up}) == 1
    return [(column.change or "plain") if alone else column.label for column in lined_up]


def knocked_out(column: Column) -> bool:
    """Whether a way of finding things was removed and nothing else changed: such cells have a resilience."""
    return any("resilience" in cell.metrics for cell in column.cells.values())


def agents_of(lined_up: Sequence[Column]) -> list[str]:
    """The agents that read one of the cells."""
    readers = (agent for column in lined_up for agent, cell in column.cells.items() if cell.readable)
    return list(dict.fromkeys(readers))


def em(cell: CellResult | None) -> Value:
    """Exact matches of a cell; blank where it is not there."""
    return cell.metrics.get("EM", BLANK) if cell else BLANK


def resilience(cell: CellResult | None) -> Value:
    """What a cell kept; blank where nothing was knocked out."""
    return cell.metrics.get("resilience", BLANK) if cell else BLANK
