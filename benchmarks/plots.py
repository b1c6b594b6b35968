"""The four pictures of a report, one panel a cell. Drawn without a display; equal results give equal bytes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from berrypick.benchmarks import labels
from berrypick.benchmarks.metrics import Value
from berrypick.benchmarks.result import BLANK, STEP, CellResult, QuestionResult, Result
from berrypick.diversity import pass_at_k as unbiased_pass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.ticker import Locator

DPI: Final = 150
STYLE: Final = {
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
    "svg.hashsalt": "berrypick",
}
#: Told apart without colour vision too (Okabe & Ito 2008), then repeated in darker tones.
COLOURS: Final = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
    "#8C6D31", "#6A51A3", "#117733", "#882255", "#44AA99", "#999933",
)  # fmt: skip
FIXED: Final = {"random": "#9aa0a8", "closed_book": "#6b7078", "oracle": "#111111", "route_oracle": "#3a3a3a"}
OTHER: Final = "#d5d8dd"
#: Strategies that get a colour of their own; the rest are drawn as "all others".
NAMED_STRATEGIES: Final = 10


class Panel(NamedTuple):
    """One cell over all runs: (agent, cell result, its questions), for the agents that can read it."""

    label: str
    rows: list[tuple[str, CellResult, list[QuestionResult]]]


def panels(runs: Sequence[Result]) -> list[Panel]:
    """Line the runs' cells up by label, in order of first mention."""
    found: dict[str, Panel] = {}
    for run in runs:
        for index, cell in enumerate(run.cells):
            questions = [question for question in run.questions if question.cell == index]
            if cell.readable:
                found.setdefault(cell.label, Panel(cell.label, [])).rows.append((short(run.agent), cell, questions))
    return list(found.values())


def short(agent: str) -> str:
    """An agent's name as pictures have it."""
    return agent.replace("scripted:", "")


def colours(agents: Sequence[str]) -> dict[str, str]:
    """One colour an agent: greys and black for floors and ceilings, the palette in order for the others."""
    others = [agent for agent in dict.fromkeys(agents) if agent not in FIXED]
    return FIXED | {agent: COLOURS[i % len(COLOURS)] for i, agent in enumerate(others)}


def draw_all(runs: Sequence[Result]) -> dict[str, bytes]:
    """Draw every picture: name -> PNG bytes."""
    import matplotlib

    matplotlib.use("Agg")
    lined_up = panels(runs)
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        return {name: _png(draw(lined_up)) for name, draw in PICTURES.items()}


def _png(figure: Figure) -> bytes:
    target = BytesIO()
    figure.savefig(target, format="png", dpi=DPI, metadata={"Software": None})
    return target.getvalue()


def _grid(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


def _palette(lined_up: Sequence[Panel]) -> dict[str, str]:
    return colours([agent for panel in lined_up for agent, _, _ in panel.rows])


def _metric(cell: CellResult, name: str) -> Value:
    return cell.metrics.get(name, BLANK)


def accuracy_against_strategies(lined_up: Sequence[Panel]) -> Figure:
    """Points: grounded successes against strategies_D2; agents with too few successes to tell stand at the left."""
    figure, axes = _grid(len(lined_up), 6.2, 5.0)
    palette = _palette(lined_up)
    for panel, axis in zip(lined_up, axes, strict=True):
        known = [_metric(cell, "strategies_D2") for _, cell, _ in panel.rows]
        far = max(2.0, *(each.high or each.value or 1.0 for each in known))
        unit = far - 1
        axis.axvspan(1 - 0.34 * unit, 1 - 0.1 * unit, color="#f1f2f5", zorder=0)
        words = {"fontsize": 7.5, "color": "#7a808a", "ha": "center", "va": "top", "linespacing": 1.3}
        axis.text(1 - 0.22 * unit, 1.03, "too few\nsuccesses\nto count\nways", **words)
        axis.set(xlim=(1 - 0.34 * unit, 1 + 1.06 * unit), ylim=(-0.05, 1.06), title=panel.label)
        axis.set(xlabel="ways of searching in use (strategies_D2; 1 = one way only)", ylabel="grounded success rate")
        axis.xaxis.set_major_locator(_ways_ticks(far))
        _points(axis, panel, 1 - 0.22 * unit, palette)
    figure.draw_without_rendering()
    for panel, axis in zip(lined_up, axes, strict=True):
        _name_points(axis, [agent for agent, _, _ in panel.rows])
    return figure


def _ways_ticks(far: float) -> Locator:
    from matplotlib.ticker import FixedLocator

    step = 0.2 if far < 2.5 else 0.5 if far < 4 else math.ceil(far / 8)
    return FixedLocator([1 + step * i for i in range(math.floor((far - 1) * 1.06 / step) + 1)])


def _points(axis: Axes, panel: Panel, strip: float, palette: dict[str, str]) -> None:
    for agent, cell, _ in panel.rows:
        ways, success = _metric(cell, "strategies_D2"), _metric(cell, "grounded")
        x, y = strip if ways.value is None else ways.value, success.value or 0.0
        axis.errorbar(x, y, xerr=_arms(ways), yerr=_arms(success), color=palette[agent], lw=0.8, alpha=0.45, zorder=2)
        axis.scatter([x], [y], s=42, color=palette[agent], edgecolors="white", linewidths=0.8, zorder=3, gid=agent)


def _arms(estimate: Value) -> list[list[float]] | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return [[max(estimate.value - estimate.low, 0.0)], [max(estimate.high - estimate.value, 0.0)]]


def _name_points(axis: Axes, agents: Sequence[str]) -> None:
    """Label the points of a drawn panel, in pixels, with a thin line where a label had to move away."""
    marks = {mark.get_gid(): mark for mark in axis.collections if mark.get_gid()}
    spots = [tuple(axis.transData.transform(marks[agent].get_offsets()[0])) for agent in agents]
    texts = [axis.text(0, 0, agent, fontsize=7.5, color="#2b2f36", ha="center", va="center") for agent in agents]
    sizes = [(box.width + 2, box.height + 1) for box in (text.get_window_extent() for text in texts)]
    frame = axis.get_window_extent()
    limits = labels.Box(frame.x0, frame.y0, frame.x1, frame.y1)
    for text, spot, centre in zip(texts, spots, labels.place(spots, sizes, limits), strict=True):
        text.set_position(axis.transData.inverted().transform(centre))
        if abs(centre[1] - spot[1]) > 16:
            thread = {"arrowstyle": "-", "color": "#b6bac2", "lw": 0.6, "shrinkA": 5, "shrinkB": 4}
            axis.annotate("", spot, centre, xycoords="figure pixels", textcoords="figure pixels", arrowprops=thread)


def strategy_shares(lined_up: Sequence[Panel]) -> Figure:
    """Bars: each agent's grounded successes by strategy; the commonest strategies of a panel have their own colour."""
    from matplotlib.figure import Figure

    heights = [0.3 * len(panel.rows) + 0.2 * NAMED_STRATEGIES + 1.3 for panel in lined_up]
    figure = Figure(figsize=(11.0, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, panel in zip(parts, lined_up, strict=True):
        _bars(part, panel)
    return figure


def _bars(part: SubFigure, panel: Panel) -> None:
    axis = part.add_subplot()
    used = {agent: _strategies(questions) for agent, _, questions in panel.rows}
    rows = [agent for agent, counts in used.items() if counts]
    named = _commonest(list(used.values()))
    left = [0.0] * len(rows)
    for number, name in enumerate([*named, None]):
        shares = [_share(used[agent], name, named) for agent in rows]
        colour, label = (OTHER, "all others") if name is None else (COLOURS[number], readable(name))
        axis.barh(rows, shares, left=left, color=colour, edgecolor="white", linewidth=0.6, height=0.74, label=label)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    for place, agent in enumerate(rows):
        axis.text(1.01, place, f"{used[agent].total():,}", va="center", fontsize=8, color="#5a606b")
    axis.text(1.01, -0.75, "successes", fontsize=8, color="#5a606b", va="center")
    axis.set(xlim=(0, 1), ylim=(max(len(rows), 1) - 0.5, -0.5), title=panel.label, xlabel="share of grounded successes")
    axis.grid(axis="y", visible=False)
    part.legend(loc="outside lower left", fontsize=8, frameon=False, ncols=1, handlelength=1.2)


def _commonest(counts: Sequence[Counter[str]]) -> list[str]:
    """The strategies that get a colour, every agent weighing the same whatever its accuracy."""
    weights: dict[str, float] = {}
    for count in counts:
        for name, times in count.items():
            weights[name] = weights.get(name, 0.0) + times / count.total()
    return sorted(weights, key=lambda name: (-weights[name], name))[:NAMED_STRATEGIES]


def _strategies(questions: Sequence[QuestionResult]) -> Counter[str]:
    counts = Counter[str]()
    for question in questions:
        counts.update(question.strategies)
    return counts


def _share(counts: Counter[str], name: str | None, named: Sequence[str]) -> float:
    count = counts[name] if name is not None else sum(n for other, n in counts.items() if other not in named)
    return count / counts.total()


def readable(strategy: str) -> str:
    """A strategy as people read it: ``bm25/asked/names:full > answer`` without slashes, with arrows."""
    return strategy.replace("/", " ").replace(STEP, "  \u2192  ")


def pass_at_k(lined_up: Sequence[Panel]) -> Figure:
    """Lines: pass@k for every k up to the number of rollouts, the unbiased estimator of Chen et al. (2021)."""

    def curve(cell: CellResult, questions: Sequence[QuestionResult]) -> dict[float, float]:
        return {
            k: sum(unbiased_pass(cell.rollouts, q.correct, k) for q in questions) / len(questions)
            for k in range(1, cell.rollouts + 1)
        }

    def dress(axis: Axes) -> None:
        axis.set_xscale("log", base=2)
        ticks = [k for k in (1, 2, 4, 8, 16, 32, 64) if k <= axis.get_xlim()[1]]
        axis.set_xticks(ticks, [str(k) for k in ticks])
        axis.set(xlabel="k (attempts at one question)", ylabel="pass@k", ylim=(-0.03, 1.03))

    return _lines(lined_up, curve, dress)


def searches_against_hops(lined_up: Sequence[Panel]) -> Figure:
    """Lines: mean number of searches an episode by the number of facts that the answer rests on."""

    def curve(cell: CellResult, questions: Sequence[QuestionResult]) -> dict[float, float]:
        groups: dict[int, list[float]] = {}
        for question in questions:
            groups.setdefault(question.hops, []).append(question.metrics["searches"])
        return {hops: sum(group) / len(group) for hops, group in sorted(groups.items())}

    def dress(axis: Axes) -> None:
        low, high = axis.get_xlim()
        axis.set_xticks(range(math.ceil(low), math.floor(high) + 1))
        axis.set(xlabel="hops (facts that the answer rests on)", ylabel="searches an episode")
        axis.set_ylim(bottom=-0.1)

    return _lines(lined_up, curve, dress)


class Ends(NamedTuple):
    """Where a line ends, and the area below it, which orders lines that end alike."""

    agent: str
    x: float
    y: float
    area: float


Curve = Callable[[CellResult, Sequence[QuestionResult]], dict[float, float]]


def _lines(lined_up: Sequence[Panel], curve: Curve, dress: Callable[[Axes], None]) -> Figure:
    """One line an agent, named at its right end."""
    figure, axes = _grid(len(lined_up), 6.0, 4.4)
    palette = _palette(lined_up)
    for panel, axis in zip(lined_up, axes, strict=True):
        ends = []
        for agent, cell, questions in panel.rows:
            points = curve(cell, questions)
            axis.plot(list(points), list(points.values()), "o-", color=palette[agent], lw=1.4, ms=3)
            ends.append(Ends(agent, max(points), points[max(points)], sum(points.values())))
        dress(axis)
        axis.set_title(panel.label)
        low, high = axis.get_ylim()
        ends.sort(key=lambda end: (end.y, end.area))
        for end, height in zip(ends, labels.spread([end.y for end in ends], (high - low) / 24, low, high), strict=True):
            thread = {"arrowstyle": "-", "color": palette[end.agent], "lw": 0.6, "alpha": 0.6, "relpos": (0, 0.5)}
            where = (1.07, (height - low) / (high - low))
            words = {"fontsize": 8, "va": "center", "color": palette[end.agent], "textcoords": "axes fraction"}
            axis.annotate(end.agent, (end.x, end.y), where, arrowprops=thread, **words)
    return figure


PICTURES: Final[dict[str, Callable[[Sequence[Panel]], Figure]]] = {
    "accuracy_against_strategies": accuracy_against_strategies,
    "strategy_shares": strategy_shares,
    "pass_at_k": pass_at_k,
    "searches_against_hops": searches_against_hops,
}
