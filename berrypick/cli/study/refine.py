"""``refine``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from berrypick.cli.console import OUT, steps, table
from berrypick.cli.train import Options, options

if TYPE_CHECKING:
    from berrypick.benchmarks.metrics.base import Value
    from berrypick.benchmarks.stats.bootstrap import Difference
    from berrypick.benchmarks.studies.critique.second_attempts import AttemptStats

Policy = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="POLICY")]
Where = Annotated[
    Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/refine-POLICY-SEED.json)")
]

_NUMBERS: Final = ("right", "grounded", "delta vs plain", "delta vs empty", "never solved", "tokens")


def refine(
    policy: Policy,
    split: tuple[str, ...] = ("train", "dev"),
    questions: int = 24,
    group_size: int = 4,
    critics: tuple[str, ...] = ("steps", "with_answer", "indicative", "empty", "noise"),
    env: str = "berrypick/Almanac-v0",
    option: Options = (),
    seed: int = 0,
    out: Where = None,
) -> int:
    """Measure whether a policy makes use of critiques: second attempts at what it got wrong, with them and without.

    Every wrong first attempt is tried again once under each critic, and once plain, as a further rollout. Prints a
    table a split, and writes it as JSON, with 95 % intervals over questions.

    Args:
        policy: a published start (such as tiny-diverse), or a folder with a policy of the text track.
        split: worlds that are played: train, dev, test.
        questions: number of questions.
        group_size: first attempts a question.
        critics: critics that `berrypick list critics` lists.
        env: an environment of the text track.
        option: arguments of the environment.
        seed: of questions and sampling, 0 to 2**32 - 1.
        out: the file.
    """
    from berrypick.benchmarks.run import folder_name
    from berrypick.benchmarks.studies.critique.run import check, measure, write
    from berrypick.benchmarks.studies.critique.second_attempts import Sizes

    sizes = Sizes(questions, group_size, seed)
    check(split, critics, sizes)
    command = ["berrypick", "study", "refine", policy, "--split", *split, "--questions", str(questions)]
    command += ["--group-size", str(group_size)]
    command += ["--critics", *critics, "--env", env, *(("--option", *option) if option else ()), "--seed", str(seed)]
    with steps() as start_progress:
        on_progress = start_progress(len(split) * sizes.batches * (2 + len(critics)))
        found = measure(policy, env, options(option), split, critics, sizes, command, on_progress)
    out = out or Path("runs") / f"refine-{folder_name(Path(policy).name)}-{seed}.json"
    write(out, found)
    for tried in found.splits:
        show(tried)
    OUT.print(f"Numbers: {out}", markup=False, soft_wrap=True)
    return 0


def show(tried: AttemptStats) -> None:
    """Print the table of a split."""
    title = (
        f"{tried.split}: {shown(tried.first)} of {tried.attempts} first attempts at {tried.questions} questions are "
        f"right; {tried.failed} tried again"
    )
    made = table(title, "second attempt", *_NUMBERS, right=_NUMBERS)
    for name, kind in tried.kinds.items():
        less = [difference(kind.more.get(control)) for control in ("plain", "empty")]
        tokens = "\u2013" if kind.tokens is None else f"{kind.tokens:.1f}"
        name += f" ({kind.silent} without a critique)" if kind.silent else ""
        made.add_row(name, shown(kind.solved), shown(kind.grounded), *less, shown(kind.never), tokens)
    OUT.print(made)


def shown(value: Value) -> str:
    """Write a value with its interval."""
    if value.value is None:
        return "\u2013"
    return f"{value.value:.3f}" + ("" if value.low is None else f" [{value.low:.3f}, {value.high:.3f}]")


def difference(less: Difference | Value | None) -> str:
    """Write a difference with its sign and interval."""
    if less is None or less.value is None:
        return "\u2013"
    return f"{less.value:+.3f}" + ("" if less.low is None else f" [{less.low:+.3f}, {less.high:+.3f}]")
