"""The pictures of a report. Drawn without a display; equal results give equal bytes."""

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
