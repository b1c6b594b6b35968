"""What the parts of the board's page share."""

from __future__ import annotations

from html import escape

from berrypick.leaderboard.board.groups import BoardRow, Group


def marks(group: Group, row: BoardRow) -> str:
    """Attributes that the page filters by; what has them is about one row."""
    entry = row.entry
    words = " ".join((entry.name, entry.agent, entry.about.model, entry.about.method, entry.about.start)).lower()
    flags = (" data-anchor" if row.anchor else "") + (" data-front" if entry.name in group.front else "")
    return f'data-words="{escape(words)}" data-tier="{escape(row.tier)}"{flags}'


def scroll(inside: str, label: str) -> str:
    """What may be wider than the screen, for hands and for keys."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inside}</div>'
