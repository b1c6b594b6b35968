"""Where commands write: results to standard output, progress and complaints to standard error."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.table import Table

#: Results. Width follows the terminal; piped output is wide enough not to cut a table.
OUT: Final = Console(width=None if os.isatty(1) else 160, highlight=False)
#: Progress and complaints.
ERR: Final = Console(stderr=True, highlight=False)


#: Seconds below which nobody asks how long it will take.
SHORT: Final = 30.0


class Progress(Protocol):
    """Called after a step."""

    def __call__(self, done: str, number: int | None = None) -> None:
        """Say what was done, and which step of how many it was, counted from 1, where it is not the next one."""
        ...


#: Given the number of steps, returns what is to be called after each.
StartProgress = Callable[[int], Progress]


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """Make a plain table; columns named in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def _left(seconds: float) -> str:
    """A time to wait, as the end of a line; "" where it is not worth a word."""
    if seconds < SHORT:
        return ""
    minutes = round(seconds / 60)
    return f", {minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f", {max(minutes, 1)} min left"


@contextmanager
def steps() -> Iterator[StartProgress]:
    """Show steps and the time left on standard error: a bar in a terminal, a line a step elsewhere."""
    from rich import progress
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), text)
    with progress.Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:

        def start_progress(total: int) -> Progress:
            task, begun, calls = bar.add_task("", total=total), time.monotonic(), itertools.count(1)

            def on_progress(done: str, number: int | None = None) -> None:
                made, took = next(calls), time.monotonic() - begun
                bar.update(task, completed=number or bar.tasks[task].completed + 1, description=done)
                if not ERR.is_terminal:
                    at = round(bar.tasks[task].completed)
                    ERR.print(f"{at}/{total} {done}{_left(took / made * (total - at))}", markup=False, soft_wrap=True)

            return on_progress

        yield start_progress
