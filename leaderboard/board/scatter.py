"""The board's picture: EM against strategies, as SVG with classes that the page's style colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from berrypick.benchmarks.report import label_placement
from berrypick.benchmarks.report.label_placement import Box
from berrypick.leaderboard.board.groups import BoardRow, Group

WIDE: Final = 640
HIGH: Final = 400
#: Where points are. Pixels count downwards, so the lesser of bottom and top is higher up on the page.
FRAME: Final = Box(52, 16, WIDE - 14, HIGH - 46)
_TICKS: Final = (1, 1.5, 2, 3, 4, 6, 8, 12, 16)
#: Width of a letter and height of a line of a label, in pixels; what a name is cut to.
_LETTER: Final = 6.1
_LINE: Final = 12
_NAME: Final = 28


class Point(NamedTuple):
    """A row in pixels."""

    row: BoardRow
    x: float
    y: float


def plot(group: Group) -> str:
    """One labelled point a row that has both numbers, and stairs over those that no other exceeds in both."""
    known = [row for row in group.rows if None not in _both(row)]
    if not known:
        return "<p>No row has enough grounded successes to count strategies.</p>"
    far = max(2.0, *(_both(row)[0] or 1.0 for row in known)) * 1.05
    points = [_point(row, far) for row in known]
    heading = f"EM against strategies_D2 in {group.title}"
    return (
        f'<svg class="plot" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(heading)}">'
        f"{_axes(far)}{_stairs(points)}{''.join(map(_dot, points))}{_names(points)}</svg>"
    )


def _both(row: BoardRow) -> tuple[float | None, float | None]:
    return row.value("strategies_D2").value, row.value("EM").value


def _point(row: BoardRow, far: float) -> Point:
    ways, right = _both(row)
    assert ways is not None and right is not None
    return Point(row, _across(ways, far), _down(right))


def _across(ways: float, far: float) -> float:
    return FRAME.left + 12 + (FRAME.right - FRAME.left - 24) * (ways - 1) / (far - 1)


def _down(right: float) -> float:
    return FRAME.top - 8 - (FRAME.top - FRAME.bottom - 16) * right


def _axes(far: float) -> str:
    parts = []
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        y = _down(share)
        parts.append(f'<line class="grid" x1="{FRAME.left:g}" x2="{FRAME.right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{FRAME.left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>')
    for tick in (tick for tick in _TICKS if tick <= far):
        x = _across(tick, far)
        parts.append(f'<line class="grid" y1="{FRAME.bottom:g}" y2="{FRAME.top:g}" x1="{x:.1f}" x2="{x:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{FRAME.top + 16:g}" text-anchor="middle">{tick:g}</text>')
    middle = (FRAME.left + FRAME.right) / 2
    parts.append(f'<text x="{middle:g}" y="{HIGH - 8}" text-anchor="middle">strategies in use (strategies_D2)</text>')
    parts.append(
        f'<text transform="translate(14 {(FRAME.top + FRAME.bottom) / 2:g}) rotate(-90)" text-anchor="middle">EM</text>'
    )
    return "".join(parts)


def _stairs(points: Sequence[Point]) -> str:
    """From the most accurate to the widest, without ceilings."""
    corners: list[tuple[float, float]] = []
    for point in sorted((p for p in points if not p.row.ceiling), key=lambda p: (p.y, -p.x)):
        if not corners or point.x > corners[-1][0]:
            corners += [(corners[-1][0], point.y)] if corners else []
            corners.append((point.x, point.y))
    return f'<polyline class="front" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'


def _dot(point: Point) -> str:
    name = escape(point.row.entry.name)
    kind = "ceiling" if point.row.ceiling else "anchor" if point.row.anchor else "entry"
    return f'<circle class="{kind}" cx="{point.x:.1f}" cy="{point.y:.1f}" r="5"><title>{name}</title></circle>'


def _names(points: Sequence[Point]) -> str:
    """Names beside their points, clear of each other."""
    names = [_short(point.row) for point in points]
    sizes = [(len(name) * _LETTER, float(_LINE)) for name in names]
    centres = label_placement.place([(p.x, p.y) for p in points], sizes, FRAME)
    return "".join(
        f'<text class="name" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{escape(name)}</text>'
        for name, (x, y) in zip(names, centres, strict=True)
    )


def _short(row: BoardRow) -> str:
    """The name, without the suite that every name of the project's own begins with."""
    name = row.entry.name.removeprefix(f"{row.entry.suite}-") if row.anchor else row.entry.name
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"
