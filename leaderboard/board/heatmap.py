"""The board's map of knock-outs: what each row keeps where one way of finding things is gone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from berrypick.benchmarks.report.html import DASH, number
from berrypick.benchmarks.result import BLANK
from berrypick.leaderboard.board.groups import BoardRow, Group
from berrypick.leaderboard.board.html_parts import marks, scroll

#: Shades from nothing kept to everything.
SHADES: Final = 10
#: Ink on grounds that are too strong for the page's own; where it changes depends on light or dark.
_INK: Final = {7: "seven", 8: "full", 9: "full", 10: "full"}
#: The page's style for the shades.
HEAT: Final = "\n".join(
    f"  .heat .h{shade} {{ background: rgba(var(--heat), {0.04 + 0.09 * shade:.2f}); "
    f"color: var(--{_INK.get(shade, 'ink')}); }}"
    for shade in range(SHADES + 1)
)


def heat(group: Group) -> str:
    """A table of rows and knock-outs, "" where the suite has none."""
    cells = group.rows[0].entry.cells
    knocked = [number for number in range(len(cells)) if any(_has(row, number) for row in group.rows)]
    if not knocked:
        return ""
    heads = "".join(f"<th>{escape(name)}</th>" for name in _names(group, knocked))
    rows = "".join(_line(group, row, knocked) for row in group.rows)
    table = f'<table class="heat"><thead><tr><th>submission</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        "<h3>What is kept under knock-outs</h3><p>The share of plain accuracy that is left when one way of finding "
        "things is gone, over the questions that can still be answered; below it, EM there. Stronger is more.</p>"
        f"{scroll(table, 'knock-outs')}"
    )


def _has(row: BoardRow, cell: int) -> bool:
    return "resilience" in row.entry.cells[cell].metrics


def _names(group: Group, knocked: Sequence[int]) -> list[str]:
    """What is knocked out; with where, if that alone names no column."""
    cells = [group.rows[0].entry.cells[number] for number in knocked]
    names = ["+".join(map(str, cell.setup.get("knockouts", ()))) for cell in cells]
    return names if len(set(names)) == len(names) else [cell.label for cell in cells]


def _line(group: Group, row: BoardRow, knocked: Sequence[int]) -> str:
    cells = "".join(_cell(row, number) for number in knocked)
    return f"<tr {marks(group, row)}><td>{escape(row.entry.name)}</td>{cells}</tr>"


def _cell(row: BoardRow, cell: int) -> str:
    metrics = row.entry.cells[cell].metrics
    kept = metrics.get("resilience", BLANK).value
    if kept is None:
        return f'<td class="blank">{DASH}</td>'
    shade = round(SHADES * min(max(kept, 0.0), 1.0))
    return f'<td class="h{shade}">{number(kept)}<small>EM {number(metrics.get("EM", BLANK).value)}</small></td>'
