"""Make a published start, evaluate it, and write its card."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from berrypick import io
from berrypick.benchmarks import result
from berrypick.benchmarks.run import run
from berrypick.benchmarks.studies.starts.card import card
from berrypick.registry import Table

#: Called with what was done, its number, and how many there are.
Progress = Callable[[str, int, int], None]
_WHAT: Final = "A start for training: a transformer of a million parameters over a closed vocabulary of Almanac's words"
_FINISHED: Final = (
    f"{_WHAT}, `tiny-base` trained on for a thousand steps on renamed demonstrations of train worlds 32-47 of "
    "`almanac-small`, half of them second attempts under critiques"
)


class Start(NamedTuple):
    """A published start.

    Attributes:
        kind: of agent that plays it.
        summary: what it is.
        write: (folder, jobs, on_progress) -> hash of its demonstrations; leaves the policy in ``policy/``.
        suite: what it is evaluated in.
    """

    kind: str
    summary: str
    write: Callable[[Path, int, Progress], str]
    suite: str = "collapse"


def _base(out: Path, jobs: int, on_progress: Progress) -> str:
    from berrypick.agents.training.pretraining.pretrain import write_start

    return write_start(out, jobs, on_progress)


def _even(out: Path, jobs: int, on_progress: Progress) -> str:
    from berrypick.agents.training.pretraining.hops import write_start

    return write_start(out, jobs, on_progress)


def _finished(name: str) -> Callable[[Path, int, Progress], str]:
    def write(out: Path, jobs: int, on_progress: Progress) -> str:
        from berrypick.agents.training.pretraining.finetune import write_start

        return write_start(name, out, jobs, on_progress)

    return write


def _discrete(out: Path, jobs: int, on_progress: Progress) -> str:
    from berrypick.agents.training.discrete.behaviour_cloning import Cloning, write_start

    return write_start(Cloning(), out / "policy", on_progress)


#: name -> how it is made
STARTS: Table[Start] = Table("start")
STARTS.add(
    "tiny-base",
    Start(
        "lm",
        f"{_WHAT}, trained on renamed grounded successes of the scripted agents in train worlds 32-127 of "
        "`almanac-small`, every script equally often, at the end on second attempts under critiques too. The other "
        "text starts are made from it.",
        _base,
    ),
    "text: what the other text starts are made from",
)
STARTS.add(
    "tiny-diverse",
    Start("lm", f"{_FINISHED}, every script equally often.", _finished("tiny-diverse")),
    "text: every script equally often",
)
STARTS.add(
    "tiny-narrow",
    Start("lm", f"{_FINISHED}, nine in ten of them by `open-and-read`.", _finished("tiny-narrow")),
    "text: one script nine times in ten",
)
STARTS.add(
    "tiny-even",
    Start(
        "lm",
        f"{_WHAT}, `tiny-base` trained on for 4,750 steps on renamed grounded successes of `hop_mixture` with 0 to 2 "
        "fallbacks in train worlds 32-59 of `almanac-even` and 32-43 of `almanac-small`. It knows several strategies "
        "for a question; it saw no critiques.",
        _even,
        "collapse-even",
    ),
    "text: a way drawn anew for each fact, in even worlds",
)
STARTS.add(
    "discrete-diverse",
    Start(
        "discrete",
        "A start for training on the discrete track: behaviour cloning (cross-entropy) of six scripted policies, which "
        "go on in other ways in 60 % of their episodes, and of chance, in train worlds 32-63 of `almanac-small`. The "
        "mixture was chosen on dev, among some fifteen.",
        _discrete,
    ),
    "discrete: cloned from six policies and chance",
)


def make_start(name: str, out: Path, jobs: int, on_progress: Progress) -> None:
    """Make a start in ``out``: ``policy/`` with its card, and ``evaluation/``.

    Raises:
        UnknownName: no such start.
    """
    start = STARTS[name]
    digest = start.write(out, jobs, on_progress)
    policy = out / "policy"
    folders = run(
        [f"{start.kind}:{policy}"], start.suite, 0, out / "evaluation", jobs=jobs, start_progress=_counted(on_progress)
    )
    facts = {
        "made by": f"`{shlex.join(['berrypick', 'pretrain', name])}`, seed 0",
        "played as": f"`{start.kind}:{name}`",
        "sha256 of the demonstrations": f"`{digest}`",
        "sha256 of the weights": ", ".join(f"`{io.sha256(path)}`" for path in policy.glob("*.safetensors")),
    }
    io.write_bytes(policy / "README.md", card(name, start.summary, facts, result.read(folders[0])).encode())


def _counted(on_progress: Progress) -> Callable[[int], Callable[[str], None]]:
    def start_progress(total: int) -> Callable[[str], None]:
        return lambda done: on_progress(done, 0, total)

    return start_progress
