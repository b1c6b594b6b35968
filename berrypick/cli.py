"""The command line. The composition root: it may import every layer, and only its script imports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import tyro
from tyro.extras import SubcommandApp

from berrypick.commands import bench, corpora, listing, sessions
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

#: Exit codes: 1 is a check that failed, 2 is input or usage that was wrong, 130 is an interrupt, as shells have it.
OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

#: `--overwrite`, without a `--no-overwrite` beside it.
MARKERS: Final = (tyro.conf.FlagCreatePairsOff,)

DESCRIPTION: Final = """Search environments over local corpora; a benchmark of how many ways of searching an agent has.

Exit codes: 0 fine; 1 a check or comparison failed; 2 wrong usage or input; 130 interrupted."""


def build() -> SubcommandApp:
    """Put the commands together."""
    corpus = group(
        build=(corpora.build, "Build a registered corpus, audit it and index it."),
        add=(corpora.add, "Add your own documents and questions."),
        info=(corpora.info, "Show what a corpus holds and where it lies."),
    )
    app = group(
        list=(listing.list_, "List what there is: environments, corpora, agents, suites ..."),
        show=(listing.show, "Show everything known about a name."),
        audit=(corpora.audit, "Find which questions can be answered, on how many routes."),
        bench=(bench.bench, "Run agents through a suite; table, results and report."),
        report=(bench.report, "Write the report on one run, or on several side by side."),
        compare=(bench.compare, "Compare two runs question by question."),
        watch=(sessions.watch, "Step through recorded episodes."),
        play=(sessions.play, "Search yourself."),
    )
    app.command(corpus, name="corpus", help="Build, add and look at corpora.")
    return app


def group(**commands: tuple[Callable[..., int], str]) -> SubcommandApp:
    """Make a group of commands: name to (function, line of help)."""
    made = SubcommandApp()
    for name, (function, help) in commands.items():
        made.command(name=name, help=help)(function)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong input is one line on standard error, never a traceback.

    Args:
        argv: words after ``berrypick``; the process's own when left out.
    """
    try:
        return int(build().cli(prog="berrypick", description=DESCRIPTION, args=argv, config=MARKERS))
    except (BadInput, UnknownName) as error:
        from berrypick.commands.console import ERR

        ERR.print(f"berrypick: {error}", style="red", markup=False, soft_wrap=True)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
