"""The command line. The composition root: it may import every layer, and only its script imports it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

import tyro
from tyro.extras import SubcommandApp

from berrypick.cli import bench, board, listing, report, serve, sessions, train
from berrypick.cli import corpus as cli_corpus
from berrypick.cli.study import phrases, power, pretrain, refine, reflect, scale, search, sweep
from berrypick.errors import BadInput, Stopped
from berrypick.registry import UnknownName

#: Exit codes: 1 is a check that failed, 2 is input or usage that was wrong, 130 is an interrupt, as shells have it.
OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

#: Packages that only some commands need -> the extra that installs them.
EXTRAS: Final = dict.fromkeys(("torch", "transformers", "tokenizers", "accelerate", "safetensors"), "train")

#: `--overwrite`, without a `--no-overwrite` beside it.
MARKERS: Final = (tyro.conf.FlagCreatePairsOff,)

DESCRIPTION: Final = """Search environments over local corpora; a benchmark of how many search strategies an agent has.

Exit codes: 0 fine; 1 a check or comparison failed; 2 wrong usage or input; 130 interrupted."""


def build() -> SubcommandApp:
    """Put the commands together."""
    app = group(
        bench=bench.bench,
        train=train.train,
        report=report.report,
        compare=bench.compare,
        watch=sessions.watch,
        play=sessions.play,
        serve=serve.serve,
        list=listing.list_,
        show=listing.show,
        audit=cli_corpus.audit,
        submit=board.submit,
        verify=board.verify,
    )
    corpus = group(
        build=cli_corpus.build,
        add=cli_corpus.add,
        list=cli_corpus.list_,
        show=cli_corpus.show,
        remove=cli_corpus.remove,
        rename=cli_corpus.rename,
    )
    app.command(corpus, name="corpus", help="Build, add, look at, remove and rename corpora.")
    study = group(
        sweep=sweep.sweep,
        refine=refine.refine,
        reflect=reflect.reflect,
        phrases=phrases.phrases,
        power=power.power,
        search=search.search,
        scale=scale.scale,
        pretrain=pretrain.pretrain,
    )
    app.command(study, name="study", help="Repeat or extend a study: methods x seeds, critiques, tree search, starts.")
    maintain = group(
        write=board.board, **{"verify-all": board.verify_all}, baselines=board.baselines, golden=board.golden
    )
    app.command(maintain, name="board", help="Write the board from its submissions; maintain its rows.")
    return app


def group(**commands: Callable[..., int]) -> SubcommandApp:
    """Make a group of commands: name to function, whose docstring is the help."""
    made = SubcommandApp()
    for name, function in commands.items():
        made.command(name=name)(function)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong input is one line on standard error, never a traceback.

    Args:
        argv: words after ``berrypick``; the process's own when left out.
    """
    try:
        return int(build().cli(prog="berrypick", description=DESCRIPTION, args=argv, config=MARKERS))
    except (BadInput, UnknownName) as error:
        complain(str(error))
        return BAD_INPUT
    except Stopped as error:
        complain(str(error))
        return FAILED
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        complain(f"{error.name} is not installed; pip install 'berrypick[{EXTRAS[error.name]}]'")
        return BAD_INPUT
    except BrokenPipeError:  # what we wrote to was closed, as by `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or flushing at the end complains
        return OK
    except OSError as error:
        if error.filename is None:  # of no file that a user named
            raise
        complain(f"{error.filename}: {error.strerror}")
        return BAD_INPUT
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def complain(reason: str) -> None:
    """Say on standard error, in one line, why a command ends; what steers terminals is shown, not obeyed."""
    from berrypick.cli.console import ERR

    shown = "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in reason)
    ERR.print(f"berrypick: {shown}", style="red", markup=False, soft_wrap=True)
