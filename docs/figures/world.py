"""Draw ``world.svg``: one fact of an Almanac world, the pages that attest it, and the routes to it.

``python docs/figures/world.py`` writes the picture beside this file.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

WIDTH, HEIGHT = 900, 330
#: genre, title of the page, sentence that attests the fact, the query that finds it, colour
PAGES = (
    ("profile", "Tessa Thornwell", "Tessa Thornwell works at Quill Works.", "search: Tessa Thornwell", "#4c78a8"),
    ("roster", "Staff of Quill Works (2)", "A. Penhale, T. Thornwell, ...", "search: T. Thornwell", "#e08214"),
    (
        "chronicle",
        "Autumn 1871, Fellmoor",
        "The Lantern Poet joined Quill Works.",
        "search: the Lantern Poet",
        "#4d9221",
    ),
)
QUESTION = "Where is the company that Tessa Thornwell works at based?"
STYLE = 'font-family="Helvetica, Arial, sans-serif"'


def text(x: int, y: int, words: str, size: int = 14, colour: str = "#222", weight: str = "normal") -> str:
    """A line of text centred at x."""
    look = f'font-size="{size}" fill="{colour}" font-weight="{weight}" text-anchor="middle" {STYLE}'
    return f'<text x="{x}" y="{y}" {look}>{escape(words)}</text>'


def box(x: int, y: int, width: int, height: int, colour: str) -> str:
    """A rounded box whose upper left corner is (x, y)."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="white" stroke="{colour}" '
        'stroke-width="2"/>'
    )


def arrow(x1: int, y1: int, x2: int, y2: int, colour: str) -> str:
    """A line with a head at (x2, y2)."""
    line = f'x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" stroke-width="2"'
    return f'<line {line} marker-end="url(#head)"/>'


def draw() -> str:
    """The whole picture."""
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L10 5L0 10z" fill="#666"/></marker></defs>'
    )
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', head]
    parts += [box(170, 12, 560, 40, "#222"), text(450, 37, QUESTION, 14, weight="bold")]
    for number, (genre, title, sentence, query, colour) in enumerate(PAGES):
        x = 20 + number * 295
        middle = x + 135
        parts += [arrow(450, 52, middle, 98, colour), box(x, 100, 270, 122, colour)]
        parts += [text(middle, 128, query, 13, colour, "bold"), text(middle, 158, f"{genre}: {title}", 13)]
        parts += [text(middle, 196, sentence, 13), arrow(middle, 222, 450, 268, colour)]
    parts += [
        box(150, 270, 600, 44, "#222"),
        text(450, 297, "hop 1: Quill Works; hop 2 is found in the same three ways", 14),
    ]
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">\n{body}\n</svg>\n'


if __name__ == "__main__":
    Path(__file__).with_name("world.svg").write_text(draw())
