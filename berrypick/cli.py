"""The command line. The composition root: it may import every layer, and only its script imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tyro.extras import SubcommandApp

from berrypick.commands import listing
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

#: Exit codes: 1 is a check that failed, 2 is input or usage that was wrong, 130 is an interrupt, as shells have it.
OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

DESCRIPTION: Final = """Search environments over local corpora, and a benchmark of how many ways of searching an agent has.

Exit codes: 0 fine; 1 a check or comparison failed; 2 wrong usage or input; 130 interrupted."""


def build() -> SubcommandApp:
    """Put the commands together."""
    app = SubcommandApp()
    app.command(listing.list_, name="list")
    app.command(listing.show)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong input is one line on standard error, never a traceback.

    Args:
        argv: words after ``berrypick``; the process's own when left out.
    """
    try:
        return int(build().cli(prog="berrypick", description=DESCRIPTION, args=argv) or OK)
    except (BadInput, UnknownName) as error:
        from berrypick.commands.console import ERR

        ERR.print(f"berrypick: {error}", style="red", markup=False, soft_wrap=True)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
