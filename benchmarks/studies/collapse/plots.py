"""The pictures of a collapse report. Drawn without a display; equal runs give equal bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from berrypick.agents.training.run_dir import OTHER as UNNAMED
from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.report.bars import FORMS, OTHER, REST
from berrypick.benchmarks.report.base import COLOURS, INK, SOFT, STYLE, grid, png
from berrypick.benchmarks.studies.collapse.alarms import Of, smooth
from berrypick.benchmarks.studies.collapse.entropy_law import points
from berrypick.benchmarks.studies.collapse.report import Collapse, Run
from berrypick.benchmarks.studies.collapse.weights import QUANTILES
from berrypick.envs.scoring.moves import STEP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Strategies that get a colour of their own.
NAMED: Final = 9
WORDS: Final = {"fontsize": 8, "frameon": False, "handlelength": 1.4}
#: Panels of pictures that show nothing but series: title -> series.
SUCCESS: Final[dict[str, Of]] = {
    "reward": lambda line: line.reward,
    "effective strategies (D2)": lambda line: line.strategies_D2,
    "grounded successes": lambda line: line.grounded,
    "share of the commonest strategy": lambda line: line.dominant_share,
}
ENTROPY: Final[dict[str, Of]] = {
    "all generated tokens": lambda line: line.entropy,
    "thoughts": lambda line: line.entropy_think,
    "tools": lambda line: line.entropy_tool,
    "queries": lambda line: line.entropy_query,
    "answers": lambda line: line.entropy_answer,
    "planning (tools, engines, relations, thoughts)": lambda line: line.entropy_planning,
    "execution (names and answers)": lambda line: line.entropy_execution,
}
SIGNALS: Final[dict[str, Of]] = {
    "covariance of log-probability and advantage": lambda line: line.covariance,
    "variance of rewards within groups": lambda line: line.group_variance,
    "log-probability of rewarded episodes": lambda line: line.logprob_correct,
    "gradient norm, before clipping": lambda line: line.grad_norm,
    "share of tokens that PPO would clip": lambda line: line.clip_fraction,
    "KL divergence from the policy that played": lambda line: line.approx_kl,
}


def draw_all(runs: Sequence[Run], found: Sequence[Collapse]) -> dict[str, bytes]:
    """Draw what there is something to draw of: name -> PNG bytes."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figures = {
            "strategies": river(runs),
            "success": curves(runs, SUCCESS, found),
            "entropy": curves(runs, ENTROPY),
            "law": entropy_and_reward(runs, found),
            "signals": curves(runs, SIGNALS),
            "update": update(found),
        }
        return {name: png(figure) for name, figure in figures.items() if figure is not None}


def river(runs: Sequence[Run]) -> Figure:
    """How grounded successes divide among strategies, step by step; the same colours in every run."""
    figure, axes = grid(len(runs), 12.6 if len(runs) == 1 else 6.3, 3.4)
    named = commonest(runs)
    colours = [*COLOURS[: len(named)], OTHER]
    for run, axis in zip(runs, axes, strict=True):
        steps = [line.step for line in run.lines]
        heights = np.array([layers(line, named) for line in run.lines]).T
        axis.stackplot(steps, heights, colors=colours, labels=[*map(worded, named), REST], edgecolor="white", lw=0.3)
        axis.set(title=run.label, xlim=(steps[0], max(steps[-1], steps[0] + 1)), ylim=(0, 1), xlabel="step")
        axis.set_ylabel("share of grounded successes")
        axis.grid(visible=False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2, **WORDS)
    return figure


def commonest(runs: Sequence[Run]) -> list[str]:
    """Strategies with a colour, commonest first: the largest shares summed over the steps of all runs."""
    weights = Counter[str]()
    for run in runs:
        for line in run.lines:
            for name, share in line.strategies.items():
                weights[name] += share / len(run.lines)  # type: ignore[assignment]
    named = weights.keys() - {UNNAMED}
    return sorted(named, key=lambda name: (-weights[name], name))[:NAMED]


def layers(line: Line, named: Sequence[str]) -> list[float]:
    """Shares of the named strategies and of the rest; all 0 in a step without a grounded success."""
    shares = [line.strategies.get(name, 0.0) for name in named]
    return [*shares, max(sum(line.strategies.values()) - sum(shares), 0.0)]


def worded(strategy: str) -> str:
    """A strategy as people read it: its moves without the answer that ends them, with what queries were made from."""
    return " \u2192 ".join(map(_worded, strategy.split(STEP)[:-1])) or "answer at once"


def _worded(move: str) -> str:
    tool, *rest = move.rsplit("/", 2)  # an engine's name may hold a path
    return f"{tool} {FORMS.get(rest[1], rest[1])} ({rest[0]})" if len(rest) == 2 else tool


def curves(runs: Sequence[Run], panels: dict[str, Of], found: Sequence[Collapse] = ()) -> Figure:
    """One panel a series, one colour a run; thin as it was, thick its trailing mean.

    Args:
        runs: what is drawn.
        panels: title -> series; those without a value in any run are left out.
        found: analyses whose alarms are marked, if there is one run only.
    """
    shown = {title: of for title, of in panels.items() if any(of(line) is not None for r in runs for line in r.lines)}
    figure, axes = grid(len(shown), 6.3, 2.7)
    for (title, of), axis in zip(shown.items(), axes, strict=True):
        for number, run in enumerate(runs):
            steps, values = [line.step for line in run.lines], [of(line) for line in run.lines]
            colour = COLOURS[number % len(COLOURS)]
            axis.plot(steps, _gaps(values), color=colour, lw=0.7, alpha=0.45)
            axis.plot(steps, _gaps(smooth(values)), color=colour, lw=1.6, label=run.label)
        axis.set(title=title, xlabel="step")
        axis.margins(x=0.02)
    if len(found) == 1:
        for axis in axes[:2]:
            _alarms(axis, found[0])
    _legend(figure, axes[0], len(runs))
    return figure


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values]


def _alarms(axis: Axes, found: Collapse) -> None:
    """Mark the steps at which alarms fired, those of one step by one line."""
    at: dict[int, list[str]] = {}
    for name, step in found.alarms.items():
        if step is not None:
            at.setdefault(step, []).append(name)
    for step, names in at.items():
        axis.axvline(step, color=SOFT, lw=0.8, ls=(0, (4, 3)))
        place, said = axis.get_xaxis_transform(), ", ".join(names)
        axis.text(step, 0.98, f" {said}", transform=place, fontsize=7, color=INK, rotation=90, va="top")


def _legend(figure: Figure, axis: Axes, runs: int) -> None:
    if runs > 1:
        handles, labels = axis.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=min(runs, 4), **WORDS)


def entropy_and_reward(runs: Sequence[Run], found: Sequence[Collapse]) -> Figure | None:
    """Reward against entropy with the fitted law and the one of the first steps; None where nothing was fitted."""
    fitted = [(run, law, fit) for run, law in zip(runs, (each.law for each in found), strict=True) if (fit := law.fit)]
    if not fitted:
        return None
    figure, axes = grid(len(fitted), 7.6 if len(fitted) == 1 else 6.3, 3.6)
    for (run, law, fit), axis in zip(fitted, axes, strict=True):
        entropy, reward = points(run.lines)
        order = np.arange(len(entropy))
        axis.scatter(entropy, reward, c=order, cmap="viridis_r", s=16, zorder=3, label="steps, later darker")
        across = np.linspace(entropy.min(), entropy.max(), 100)
        axis.plot(across, fit.reward(across), color=INK, lw=1.2, label=f"all steps, R\u00b2 {law.r2:.2f}")
        if early := law.early:
            label = f"first {early.steps} steps, RMSE {early.rmse:.3f} after them"
            axis.plot(across, early.fit.reward(across), "--", color=INK, lw=1.2, label=label)
        room = 0.25 * max(float(np.ptp(reward)), 0.02)
        axis.set_ylim(reward.min() - room, reward.max() + room)
        axis.set(title=run.label, xlabel="token entropy, nats", ylabel="reward")
        axis.legend(loc="best", **WORDS)
    return figure


def update(found: Sequence[Collapse]) -> Figure | None:
    """Quantiles of how far weights moved; None where no update was measured."""
    measured = [(each.label, each.update) for each in found if each.update is not None]
    parts = [
        (title, [(label, part) for label, whole in measured if (part := getattr(whole, name)) is not None])
        for name, title in (("body", "weights without embeddings"), ("embeddings", "embeddings"))
    ]
    shown = [(title, rows) for title, rows in parts if any(max(part.quantiles) > 0 for _, part in rows)]
    if not shown:
        return None
    figure, axes = grid(len(shown), 6.3, 3.2)
    colours = {each.label: COLOURS[number % len(COLOURS)] for number, each in enumerate(found)}
    for (title, rows), axis in zip(shown, axes, strict=True):
        for label, part in rows:
            heights = [value or np.nan for value in part.quantiles]  # a logarithmic axis has no zero
            axis.plot(QUANTILES, heights, "o-", color=colours[label], lw=1.4, ms=3, label=label)
        axis.set(title=title, yscale="log", xlabel="share of the weights", ylabel="moved by at most")
    _legend(figure, axes[0], len(measured))
    return figure
