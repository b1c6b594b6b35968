"""Where commands write: results to standard output, progress and complaints to standard error."""

from __future__ import annotations

import os
from typing import Final

from rich.console import Console
from rich.table import Table

#: Results. Width follows the terminal; piped output is wide enough not to cut a table.
OUT: Final = Console(width=None if os.isatty(1) else 160, highlight=False)
#: Progress and complaints.
ERR: Final = Console(stderr=True, highlight=False)


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """Make a plain table; columns named in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
