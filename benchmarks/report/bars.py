"""Strategy shares: how an agent's successes divide among ways, and what those ways are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from berrypick.benchmarks.report.base import COLOURS, SOFT, Panel, ReportRow
from berrypick.envs.scoring.moves import STEP, way_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OTHER: Final = "#d5d8dd"
REST: Final = "all others"
RANKS: Final = ("commonest way", "second", "third", "fourth", "fifth and later")
RANK_COLOURS: Final = ("#0b3c5d", "#2a78a8", "#6fb1d3", "#b5d8ea", "#e2eff6")
#: Moves that get a colour of their own.
NAMED: Final = 9
FORMS: Final = {
    "names:full": "full name",
    "names:initial": "initial and surname",
    "names:byname": "byname",
    "names": "other names",
    "words": "words without names",
    "names+words": "name and words",
    "whole": "whole question",
}


def strategy_shares(lined_up: Sequence[Panel]) -> Figure:
    """Left: successes on one question by strategy, commonest first. Right: the moves that brought evidence."""
    from matplotlib.figure import Figure

    heights = [0.3 * len(panel.rows) + 0.7 for panel in lined_up]
    figure = Figure(figsize=(12.6, sum(heights) + 1.2), layout="constrained")
    axes = figure.subplots(len(lined_up), 2, sharey="row", squeeze=False, height_ratios=heights)
    named = commonest([moves(row) for panel in lined_up for row in panel.rows])
    by_rank = dict(zip(RANKS, RANK_COLOURS, strict=True))
    by_move = dict(zip(named, COLOURS, strict=False)) | {REST: OTHER}
    for (left, right), panel in zip(axes, lined_up, strict=True):
        rows = [row for row in panel.rows if moves(row)]
        _bars(left, [row.agent for row in rows], [ranks(row) for row in rows], by_rank)
        _bars(right, [row.agent for row in rows], [merged(moves(row), named) for row in rows], by_move)
        left.set(title=panel.label, xlabel="share of one question's grounded successes")
        right.set(xlabel="share of the moves that brought evidence")
        for place, row in enumerate(rows):
            count = f"{sum(sum(question.strategies.values()) for question in row.questions):,} successes"
            right.text(1.01, place, count, va="center", fontsize=7.5, color=SOFT)
    words = {"fontsize": 8, "frameon": False, "handlelength": 1.2}
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower left", ncols=3, **words)
    figure.legend(*axes[0][1].get_legend_handles_labels(), loc="outside lower right", ncols=2, **words)
    return figure


def _bars(axis: Axes, agents: Sequence[str], shares: Sequence[Mapping[str, float]], colours: dict[str, str]) -> None:
    left = [0.0] * len(agents)
    for name, colour in colours.items():
        widths = [share.get(name, 0.0) for share in shares]
        axis.barh(agents, widths, left=left, color=colour, edgecolor="white", linewidth=0.6, height=0.74, label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.set(xlim=(0, 1), ylim=(max(len(agents), 1) - 0.5, -0.5))
    axis.grid(axis="y", visible=False)


def ranks(row: ReportRow) -> dict[str, float]:
    """Mean over questions with two or more grounded successes: the share of the commonest strategy, the second, ..."""
    total, questions = [0.0] * len(RANKS), 0
    for question in row.questions:
        counts = sorted(question.strategies.values(), reverse=True)
        if sum(counts) < 2:
            continue
        questions += 1
        for rank, count in enumerate(counts):
            total[min(rank, len(RANKS) - 1)] += count / sum(counts)
    return {name: share / questions for name, share in zip(RANKS, total, strict=True)} if questions else {}


def moves(row: ReportRow) -> dict[str, float]:
    """Shares of the evidence-bringing moves of all grounded successes, by tool and form."""
    counts = Counter[str]()
    for question in row.questions:
        for strategy, times in question.strategies.items():
            for move in strategy.split(STEP)[:-1]:  # the last move is the answer
                counts[readable(move)] += times
    return {name: count / counts.total() for name, count in counts.items()}


def readable(move: str) -> str:
    """A move as people read it: ``bm25/asked/names:full`` is "bm25: full name"."""
    tool, form = way_of(move)
    return "open a page" if tool == "open" else f"{tool}: {FORMS.get(form, form)}"


def commonest(shares: Sequence[Mapping[str, float]]) -> list[str]:
    """The moves that get a colour: the largest shares summed over agents, so that each weighs the same."""
    weights = Counter[str]()
    for share in shares:
        for name, part in share.items():
            weights[name] += part  # type: ignore[assignment]
    return sorted(sorted(weights, key=lambda name: (-weights[name], name))[:NAMED])


def merged(shares: Mapping[str, float], named: Sequence[str]) -> dict[str, float]:
    """Shares with all that has no colour in one."""
    kept = {name: shares[name] for name in named if name in shares}
    return kept | {REST: sum(share for name, share in shares.items() if name not in kept)}
