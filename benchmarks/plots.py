"""The four pictures of a report. Drawn without a display; equal results give equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

from berrypick.benchmarks.plots_bars import strategy_shares
from berrypick.benchmarks.plots_base import STYLE, Panel, panels
from berrypick.benchmarks.plots_lines import pass_at_k, searches_against_hops
from berrypick.benchmarks.plots_points import accuracy_against_strategies
from berrypick.benchmarks.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: name -> ``draw(panels) -> Figure``
PICTURES: Final[dict[str, Callable[[Sequence[Panel]], Figure]]] = {
    "accuracy_against_strategies": accuracy_against_strategies,
    "strategy_shares": strategy_shares,
    "pass_at_k": pass_at_k,
    "searches_against_hops": searches_against_hops,
}


def draw_all(runs: Sequence[Result]) -> dict[str, bytes]:
    """Draw every picture of some runs: name -> PNG bytes; none where no agent reads any cell."""
    import matplotlib

    lined_up = panels(runs)
    if not lined_up:
        return {}
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        return {name: _png(draw(lined_up)) for name, draw in PICTURES.items()}


def _png(figure: Figure) -> bytes:
    target = BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
