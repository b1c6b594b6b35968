"""One picture of several tracks: strategies while training; then accuracy under knock-outs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.report.base import COLOURS, INK, SOFT, STYLE, arms, png
from berrypick.benchmarks.result import BLANK, CellResult
from berrypick.benchmarks.studies.sweep.config import BASELINE, START
from berrypick.benchmarks.studies.sweep.summary import plain_cells
from berrypick.benchmarks.studies.sweep.trials import SKEWED, TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Methods and tracks that a picture holds at most.
MOST_METHODS: Final = 4
MOST_TRACKS: Final = 3
#: Steps of the trailing mean.
TRAILING: Final = 10
#: What knock-outs are called for a reader who does not know their names.
CHANGES: Final = {
    "": "nothing gone",
    "no_profile": "profile pages gone",
    "no_roster": "roster pages gone",
    "no_chronicle": "chronicle pages gone",
    "no_bm25": "bm25 search gone",
    "no_dense": "dense search gone",
    "no_open": "opening pages gone",
    "no_favourite": "start's main move gone",
}
START_COLOUR: Final = "#6b7078"
ALARM: Final = "#D55E00"


class Trail(NamedTuple):
    """strategies_D2 of one method by step: of each step, and over the last ``TRAILING`` steps; NaN where none."""

    raw: list[float]
    mean: list[float]


def trail(runs: Sequence[TrialState]) -> Trail:
    """Average over a method's seeds and over steps.

    The mean is harmonic: 1 / D2 is the mean chance that two successes are alike, and chances may be averaged.
    """
    columns = zip(*([line.strategies_D2 for line in run.lines] for run in runs), strict=False)
    alike = [[1 / value for value in column if value] for column in columns]
    windows = (alike[max(0, end - TRAILING) : end] for end in range(1, len(alike) + 1))
    return Trail(
        [_inverse(column) for column in alike], [_inverse([*chain.from_iterable(window)]) for window in windows]
    )


def _inverse(chances: Sequence[float]) -> float:
    return len(chances) / sum(chances) if chances else math.nan


def draw(tracks: Mapping[str, Sequence[TrialState]]) -> bytes | None:
    """The picture as PNG; None as in ``side_by_side``."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = side_by_side(tracks)
        return png(figure) if figure else None


def side_by_side(tracks: Mapping[str, Sequence[TrialState]]) -> Figure | None:
    """Draw tracks side by side; None where there are fewer than two, too many, or one without start and steps."""
    from matplotlib.figure import Figure

    if not 2 <= len(tracks) <= MOST_TRACKS or not all(map(_is_whole, tracks.values())):
        return None
    methods = list(dict.fromkeys(run.trial.method for runs in tracks.values() for run in runs))
    methods = [method for method in methods if method != START]
    if len(methods) > MOST_METHODS:
        return None
    colours = _palette(methods)
    figure = Figure(figsize=(5.4 * len(tracks), 6.6), layout="constrained")
    axes = figure.subplots(2, len(tracks), squeeze=False, sharex="row", gridspec_kw={"height_ratios": (1, 1)})
    tops = [_ceiling(runs) for runs in tracks.values()]
    highest = 1.12 * max([top for top in tops if top] + [_highest(runs) for runs in tracks.values()])
    longest = max(len(run.lines) for runs in tracks.values() for run in runs)
    for place, (track, runs) in enumerate(tracks.items()):
        above, below = axes[0][place], axes[1][place]
        _strategies(above, runs, methods, colours, tops[place])
        above.set_title(f"{track[:1].upper()}{track[1:]} worlds: strategies", fontsize=12)
        above.set(xlim=(-1, 1.45 * longest), ylim=(0.7, highest))
        _accuracy(below, methods, colours, runs)
        below.set_title("Accuracy under knock-outs", fontsize=12)
    handles, names = axes[1][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=11)
    return figure


def _is_whole(runs: Sequence[TrialState]) -> bool:
    return any(run.trial.method == START and run.result for run in runs) and any(run.lines for run in runs)


def _palette(methods: Sequence[str]) -> dict[str, str]:
    """Method to colour; the baseline has that of an alarm."""
    others = [colour for colour in COLOURS if colour != ALARM]
    rest = [method for method in methods if method != BASELINE]
    return {BASELINE: ALARM} | {method: others[number] for number, method in enumerate(rest)}


def _ceiling(runs: Sequence[TrialState]) -> float | None:
    """The ceiling in dev worlds, which are like those trained on; else in the first plain cell that has one."""
    cells = [cell for run in runs if run.result for cell in run.result.cells if cell.plain]
    of_split = {cell.setup["split"]: ceilings.ceiling_of(cell) for cell in reversed(cells)}
    found = of_split.get("dev") or next(filter(None, of_split.values()), None)
    return found.value if found else None


def _highest(runs: Sequence[TrialState]) -> float:
    return max((value for run in runs for value in trail([run]).mean if value == value), default=1.0)


def _strategies(
    axis: Axes, runs: Sequence[TrialState], methods: Sequence[str], colours: Mapping[str, str], top: float | None
) -> None:
    for method in methods:
        own = [run for run in runs if run.trial.method == method and run.lines]
        if not own:
            continue
        found = trail(own)
        steps = [line.step for line in own[0].lines][: len(found.raw)]
        axis.plot(steps, found.raw, color=colours[method], lw=0.7, alpha=0.25)
        axis.plot(steps, found.mean, color=colours[method], lw=4, solid_capstyle="round")
        place = (steps[-1] + 2, max(found.mean[-1], 1.25))
        words = f"{method}\n{found.mean[-1]:.1f}"
        axis.text(*place, words, color=colours[method], fontsize=12, fontweight="bold", va="center")
    if top is not None:
        axis.axhline(top, color=INK, lw=1.6, ls=(0, (5, 3)))
        axis.text(0, top * 1.02, f"ceiling {top:.1f}: a mixture of all scripts", color=INK, fontsize=10, va="bottom")
    axis.axhline(1, color=SOFT, lw=1)
    axis.text(0, 0.97, "1: one strategy for each question", color=SOFT, fontsize=9, va="top")
    axis.set(xlabel="training step", ylabel="strategies in use (D2)")


def _accuracy(axis: Axes, methods: Sequence[str], colours: Mapping[str, str], runs: Sequence[TrialState]) -> None:
    """A row a knock-out: the start's EM as a hollow point, each method's as a filled one."""
    of_method = {name: _test_cells([run for run in runs if run.trial.method == name]) for name in (START, *methods)}
    drawn = [name for name, cells in of_method.items() if cells]
    shown = [change for change in CHANGES if any(change in of_method[name] for name in drawn)]
    for place, change in enumerate(shown):
        for number, method in enumerate(drawn):
            values = [cell.metrics.get("EM", BLANK) for cell in of_method[method].get(change, [])]
            known = [value.value for value in values if value.value is not None]
            if not known:
                continue
            y = place + 0.22 * (number - (len(drawn) - 1) / 2)
            colour = START_COLOUR if method == START else colours[method]
            if len(values) == 1:
                axis.errorbar(known[0], y, xerr=arms(values[0]), color=colour, lw=1.2, alpha=0.5)
            label = {START: "start policy"}.get(method, method) if place == 0 else None
            face = "white" if method == START else colour
            axis.plot(sum(known) / len(known), y, "o", ms=7, mfc=face, mec=colour, mew=1.8, label=label)
    axis.set_yticks(range(len(shown)), [CHANGES[change] for change in shown])
    axis.set(xlim=(0, 1), ylim=(len(shown) - 0.5, -0.5), xlabel="exact match, test worlds")
    axis.axhline(0.5, color=SOFT, lw=0.8)
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", length=0)


def _test_cells(runs: Sequence[TrialState]) -> dict[str, list[CellResult]]:
    """Change -> cells of test worlds; a plain cell of skewed worlds beside even ones is left out."""
    found: dict[str, list[CellResult]] = {}
    for run in runs:
        if run.result is not None:
            aside = plain_cells(run.result).get(SKEWED, [])
            for cell in run.result.cells:
                if cell.setup["split"] == "test" and cell not in aside:
                    found.setdefault(cell.change.partition(":")[0], []).append(cell)
    return found
