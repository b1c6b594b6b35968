"""The pictures of a track: learning curves, accuracy against strategies, what is left under knock-outs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from berrypick.benchmarks.metrics.base import Array
from berrypick.benchmarks.report.base import COLOURS, INK, STYLE, arms
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.benchmarks.studies.sweep.pareto import pareto
from berrypick.benchmarks.studies.sweep.summary import NOTHING, SweepRow, rows, t_interval
from berrypick.benchmarks.studies.sweep.trials import SPLITS, TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Quantities of a step -> what the axis says.
CURVES: Final = {
    "reward": "reward",
    "strategies_D2": "strategies (D2)",
    "entropy": "token entropy (nats)",
}
#: Methods that share a panel; more get a panel each.
TOGETHER: Final = 6
_COLUMNS: Final = 5


def draw(runs: Sequence[TrialState]) -> dict[str, bytes]:
    """Draw the runs of one track: name -> PNG bytes; what has no numbers yet is left out."""
    import matplotlib

    found = rows(runs)
    colours = palette([row.method for row in found])
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figures = curves(runs, colours)
        if splits := [split for split in SPLITS if f"EM_{split}" in _names(found)]:
            figures["pareto"] = pareto(found, splits, colours)
        if knockouts := [name for name in _names(found) if name.startswith("resilience_")]:
            figures["resilience"] = resilience(found, knockouts, colours)
        return {name: _png(figure) for name, figure in figures.items()}


def palette(methods: Sequence[str]) -> dict[str, str]:
    """Method to colour; the start has that of text."""
    trained = [method for method in methods if method != START]
    return {method: COLOURS[number % len(COLOURS)] for number, method in enumerate(trained)} | {START: INK}


def _png(figure: Figure) -> bytes:
    target = BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


#: Seeds that a band needs.
LEAST: Final = 3


class Curve(NamedTuple):
    """A quantity over steps: mean over the seeds that have it, and the ends of its 95 % interval, NaN where none."""

    steps: Array
    mean: Array
    low: Array
    high: Array


def curve(runs: Sequence[TrialState], quantity: str) -> Curve:
    """The curve of a method's runs."""
    at: dict[int, list[float]] = {}
    for run in runs:
        for line in run.lines:
            value = getattr(line, quantity)
            at.setdefault(line.step, []).extend([] if value is None else [value])
    points = [(step, _or_nan(values), *_ends(values)) for step, values in sorted(at.items())]
    return Curve(*np.array(points, dtype=np.float64).reshape(-1, 4).T)


def _or_nan(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Of the interval; of two values it would be eighteen deviations wide, and all else in the picture flat."""
    return (len(values) >= LEAST and t_interval(values)) or (math.nan, math.nan)


def curves(runs: Sequence[TrialState], colours: Mapping[str, str]) -> dict[str, Figure]:
    """One picture of all quantities; with many methods one a quantity, the baseline grey behind each of the others."""
    of_method: dict[str, list[TrialState]] = {}
    for run in runs:
        if run.lines:
            of_method.setdefault(run.trial.method, []).append(run)
    if not of_method:
        return {}
    if len(of_method) <= TOGETHER:
        return {"curves": _together(of_method, colours)}
    return {f"curves_{quantity}": _apart(of_method, quantity, colours) for quantity in CURVES}


def _together(of_method: Mapping[str, Sequence[TrialState]], colours: Mapping[str, str]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.4, 3.9), layout="constrained")
    for number, (quantity, words) in enumerate(CURVES.items(), 1):
        axis = figure.add_subplot(1, len(CURVES), number)
        for method, its in of_method.items():
            _line(axis, curve(its, quantity), colours[method], method)
        axis.set(xlabel="step", title=words)
        _frame([axis], quantity)
    handles, names = axis.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=8.5)
    return figure


def _apart(of_method: Mapping[str, Sequence[TrialState]], quantity: str, colours: Mapping[str, str]) -> Figure:
    from matplotlib.figure import Figure

    wide = min(math.ceil(len(of_method) / 2), _COLUMNS)
    high = math.ceil(len(of_method) / wide)
    figure = Figure(figsize=(2.5 * wide, 2.2 * high + 0.3), layout="constrained")
    axes = list(figure.subplots(high, wide, sharex=True, sharey=True, squeeze=False).flat)
    for axis in axes[len(of_method) :]:
        axis.set_visible(False)
    for axis, (method, its) in zip(axes, of_method.items(), strict=False):
        if method != BASELINE and BASELINE in of_method:
            _line(axis, curve(of_method[BASELINE], quantity), "#b6bac2", BASELINE)
        _line(axis, curve(its, quantity), colours[method], method)
        axis.set_title(method.replace("+", "+\n"), fontsize=8.5, color=colours[method])
        axis.tick_params(labelbottom=True, labelsize=7.5)
    _frame(axes, quantity)
    figure.supxlabel("step", fontsize=9, color=INK)
    figure.supylabel(CURVES[quantity], fontsize=9, color=INK)
    return figure


def _frame(axes: Sequence[Axes], quantity: str) -> None:
    """From the least that there can be to a little above the highest mean; bands may go beyond."""
    least = 1.0 if quantity == "strategies_D2" else 0.0
    means = np.concatenate([np.asarray(line.get_ydata(), np.float64) for axis in axes for line in axis.get_lines()])
    most = float(means[np.isfinite(means)].max(initial=least))
    axes[0].set_ylim(least, least + 1.2 * max(most - least, 0.05))


def _line(axis: Axes, points: Curve, colour: str, name: str) -> None:
    axis.plot(points.steps, points.mean, color=colour, lw=1.5, label=name)
    axis.fill_between(points.steps, points.low, points.high, color=colour, alpha=0.18, lw=0)


def _names(found: Sequence[SweepRow]) -> list[str]:
    return list(dict.fromkeys(name for row in found for name in row.measures))


def resilience(found: Sequence[SweepRow], names: Sequence[str], colours: Mapping[str, str]) -> Figure:
    """Share of EM that is left under each knock-out: the start, and after training with each method."""
    from matplotlib.figure import Figure

    shown = [row for row in found if row.measures]
    figure = Figure(figsize=(max(2.4 * len(names) + 1.2, 6.0), 1.1 + 0.32 * len(shown)), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False).flat
    for axis, name in zip(axes, names, strict=True):
        for place, row in enumerate(shown):
            kept = row.measures.get(name, NOTHING)
            if kept.value is not None:
                colour = "#b6bac2" if row.method == START else colours[row.method]
                axis.barh(
                    place,
                    kept.value,
                    xerr=arms(kept.estimate),
                    color=colour,
                    ecolor=INK,
                    height=0.7,
                    error_kw={"lw": 0.8},
                )
        axis.set(title=name.removeprefix("resilience_"), xlim=(0, 1.05), ylim=(len(shown) - 0.5, -0.5))
        axis.set_yticks(range(len(shown)), [row.method for row in shown])
        axis.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axis.grid(axis="y", visible=False)
    figure.supxlabel("share of EM that is left", fontsize=9, color=INK)
    return figure
