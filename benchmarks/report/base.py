"""What the pictures share: one panel a cell, one colour an agent, one style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.result import BLANK, CellResult, QuestionResult, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Dots an inch, on screen and in files alike: labels are placed in pixels.
DPI: Final = 150
STYLE: Final = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#2b2f36",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e8ec",
    "grid.linewidth": 0.8,
    "xtick.color": "#5a606b",
    "ytick.color": "#5a606b",
}
INK: Final = "#2b2f36"
SOFT: Final = "#5a606b"
#: Told apart without colour vision too (Okabe & Ito 2008), then darker tones.
COLOURS: Final = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
    "#8C6D31", "#6A51A3", "#117733", "#882255", "#44AA99", "#999933",
)  # fmt: skip
#: Floors and ceilings are grey and black.
FIXED: Final = {"random": "#9aa0a8", "closed_book": "#6b7078", "oracle": "#111111", "route_oracle": "#3a3a3a"}


class ReportRow(NamedTuple):
    """One agent in one cell."""

    agent: str
    cell: CellResult
    questions: list[QuestionResult]

    def metric(self, name: str) -> Value:
        """A metric of the cell, blank where it has none."""
        return self.cell.metrics.get(name, BLANK)


class Panel(NamedTuple):
    """One cell without changes, with the agents that can read it."""

    label: str
    rows: list[ReportRow]

    @property
    def agents(self) -> list[str]:
        """Their names."""
        return [row.agent for row in self.rows]


def panels(runs: Sequence[Result]) -> list[Panel]:
    """Line up the cells in which nothing was changed, by label, in order of first mention."""
    found: dict[str, Panel] = {}
    for run in runs:
        for number, cell in enumerate(run.cells):
            if cell.readable and cell.plain:
                questions = [question for question in run.questions if question.cell == number]
                rows = found.setdefault(cell.label, Panel(cell.label, [])).rows
                rows.append(ReportRow(short(run.agent), cell, questions))
    return list(found.values())


def short(agent: str) -> str:
    """An agent's name as pictures have it."""
    return agent.replace("scripted:", "")


def palette(lined_up: Sequence[Panel]) -> dict[str, str]:
    """Agent to colour, the same in every panel."""
    agents = dict.fromkeys(agent for panel in lined_up for agent in panel.agents)
    others = [agent for agent in agents if agent not in FIXED]
    return FIXED | {agent: COLOURS[number % len(COLOURS)] for number, agent in enumerate(others)}


def grid(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with two panels a row; sizes of a panel in inches."""
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, number + 1) for number in range(count)]


def arms(value: Value) -> list[list[float]] | None:
    """The interval as error bars have it; None where there is none."""
    if value.value is None or value.low is None or value.high is None:
        return None
    return [[max(value.value - value.low, 0.0)], [max(value.high - value.value, 0.0)]]


def png(figure: Figure) -> bytes:
    """A figure's bytes, the same for the same figure."""
    target = BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
