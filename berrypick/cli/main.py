"""The command line. The composition root: it may import every layer, and only its script imports it."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import tyro
from tyro.extras import SubcommandApp

from berrypick.cli import bench, board, listing, report, serve, sessions, train
from berrypick.cli import corpus as cli_corpus
from berrypick.cli.study import (
    ability,
    ceilings,
    failures,
    phrases,
    power,
    pretrain,
    refine,
    reflect,
    scale,
    search,
    sweep,
)
from berrypick.errors import BadInput, Stopped, missing_extra
from berrypick.registry import UnknownName

#: Exit codes: 1 is a check that failed, 2 is input or usage that was wrong, 130 is an interrupt, as shells have it.
OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

TERMINATED: Final = 143

#: Command -> what stands after an interrupt, and how to go on.
KEPT: Final = {
    "bench": "the cells that were finished are kept, and the same command goes on from there",
    "train": "the steps up to the newest checkpoint are kept, and the same command goes on from there",
    "study": "what was finished is kept, and the same command goes on from there",
    "corpus": "nothing half-written stays under its name; give the same command again",
    "audit": "the corpus is as it was; give the same command again",
    "submit": "no submission was written; give the same command again",
    "verify": "nothing was changed; give the same command again",
    "board": "pages that were written are whole; give the same command again",
}
#: What an error of a full disk says, whichever library found out, and its numbers.
FULL: Final = os.strerror(errno.ENOSPC)
AGAIN: Final = "; then give the same command again"
_FULL_NUMBERS: Final = (errno.ENOSPC, errno.EDQUOT)

#: `--overwrite`, without a `--no-overwrite` beside it.
MARKERS: Final = (tyro.conf.FlagCreatePairsOff,)

DESCRIPTION: Final = """Search environments over local corpora; a benchmark of how many search strategies an agent has.

Exit codes: 0 fine; 1 a check or comparison failed; 2 wrong usage or input; 130 interrupted; 143 terminated."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end, as by ``kill`` or a job scheduler."""


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
        ceilings=ceilings.ceilings,
        ability=ability.ability,
        failures=failures.failures,
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
    words = sys.argv[1:] if argv is None else argv
    try:
        with terminable():
            return int(build().cli(prog="berrypick", description=DESCRIPTION, args=argv, config=MARKERS))
    except (BadInput, UnknownName) as error:
        complain(str(error))
        return BAD_INPUT
    except Stopped as error:
        complain(str(error))
        return FAILED
    except ImportError as error:
        if (told := missing_extra(error)) is error:
            raise
        complain(str(told))
        return BAD_INPUT
    except BrokenPipeError:  # what we wrote to was closed, as by `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or flushing at the end complains
        return OK
    except OSError as error:
        if error.errno in _FULL_NUMBERS:
            where = f"{error.filename}: " if error.filename is not None else ""
            complain(f"{where}{FULL}; free some{kept(words) or AGAIN}")
        elif error.filename is None:  # of no file that a user named
            raise
        else:
            complain(f"{error.filename}: {error.strerror}")
        return BAD_INPUT
    except Exception as error:  # libraries that write by themselves have errors of their own for a full disk
        if FULL not in str(error):
            raise
        complain(f"{FULL}; free some{kept(words) or AGAIN}")
        return BAD_INPUT
    except KeyboardInterrupt as error:
        complain(f"{'terminated' if isinstance(error, Terminated) else 'interrupted'}{kept(words)}")
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED


def kept(words: Sequence[str]) -> str:
    """What is left of a command that ended early, as the rest of a sentence; "" for commands that write nothing."""
    told = KEPT.get(words[0] if words else "", "")
    return f"; {told}" if told else ""


@contextmanager
def terminable() -> Iterator[None]:
    """End on SIGTERM as on an interrupt, so that files are closed, and processes ended that this one began."""

    def end(signum: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():
            child.terminate()  # else the process waits for what they are at
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def complain(reason: str) -> None:
    """Say on standard error, in one line, why a command ends; what steers terminals is shown, not obeyed."""
    from berrypick.cli.console import ERR

    shown = "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in reason)
    ERR.print(f"berrypick: {shown}", style="red", markup=False, soft_wrap=True)
