"""The pictures of a report, and how to read each. Drawn without a display; equal results give equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from berrypick.benchmarks.report.bars import strategy_shares
from berrypick.benchmarks.report.base import STYLE, Panel, panels, png
from berrypick.benchmarks.report.columns import Column, changed
from berrypick.benchmarks.report.knockouts import change_map, knockout_bars
from berrypick.benchmarks.report.lines import pass_at_k, pass_within, searches_against_hops
from berrypick.benchmarks.report.scatter import accuracy_against_strategies
from berrypick.benchmarks.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: name -> ``draw(panels)``, the panels being the cells in which nothing was changed
PICTURES: Final[dict[str, Callable[[Sequence[Panel]], Figure]]] = {
    "accuracy_against_strategies": accuracy_against_strategies,
    "strategy_shares": strategy_shares,
    "pass_at_k": pass_at_k,
    "pass_within": pass_within,
    "searches_against_hops": searches_against_hops,
}
#: name -> ``draw(columns)``, the columns being the cells of which there is a changed one; None where it does not apply
OF_CHANGES: Final[dict[str, Callable[[Sequence[Column]], Figure | None]]] = {
    "knockout_bars": knockout_bars,
    "change_map": change_map,
}
#: Picture -> heading, how to read it.
READING: Final[dict[str, tuple[str, str]]] = {
    "accuracy_against_strategies": (
        "Right, and in how many ways",
        "Further up is more often right with the evidence on display; further right is more strategies in use, "
        "so a point at 1 always searches the same way, however good it is. Lines through a point are 95 % intervals.",
    ),
    "strategy_shares": (
        "Strategies and their moves",
        "Left, how an agent's grounded successes on one question divide among strategies, averaged over questions: one "
        "dark bar is an agent that always finds the answer the same way. Right, what those ways are made of: the moves "
        "that brought evidence, by tool and by the least part of the query that was needed.",
    ),
    "pass_at_k": (
        "What more attempts bring",
        "The curve says how likely it is that at least one of k attempts at a question is right. A flat curve does the "
        "same thing every time; a rising one has other ways, and some of them work where the first did not.",
    ),
    "pass_within": (
        "How soon it is right",
        "How likely an exact match is when only answers after at most T turns count: in one attempt, and in at least "
        "one of all attempts. What lies between the two is what other attempts know; where a curve still rises at the "
        "right, more turns would help.",
    ),
    "searches_against_hops": (
        "What a question costs",
        "Mean number of searches in an episode, by the number of facts that the answer rests on. A line that does not "
        "rise belongs to an agent that gives up, or that gets by without searching.",
    ),
    "knockout_bars": (
        "What is left when a way of finding things is gone",
        "Grey, exact matches as things are; blue, with one way of finding things knocked out. The number at the right "
        "is the resilience: the share retained, over the questions that can still be answered. An agent with one "
        "strategy has a bar that is nearly gone; one that knows other strategies, or falls back on them, has none.",
    ),
    "change_map": (
        "Every change",
        "Exact matches of each agent in each cell: as things are, with knock-outs (and the share of exact matches "
        "that is retained), with questions worded otherwise, and with search engines that misbehave.",
    ),
}


def draw_all(runs: Sequence[Result]) -> dict[str, bytes]:
    """Draw every picture that applies to some runs: name -> PNG bytes; none where no agent reads any cell."""
    import matplotlib

    lined_up = panels(runs)
    if not lined_up:
        return {}
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        drawn = {name: png(draw(lined_up)) for name, draw in PICTURES.items()}
        for name, draw_changes in OF_CHANGES.items():
            if figure := draw_changes(changed(runs)):
                drawn[name] = png(figure)
    return drawn
