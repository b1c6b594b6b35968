"""``reflect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from berrypick.cli.console import OUT, steps, table
from berrypick.cli.study.refine import Policy, difference, shown
from berrypick.cli.train import Options, options

if TYPE_CHECKING:
    from berrypick.benchmarks.studies.r3.ranking import Reflection

Where = Annotated[
    Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/reflect-POLICY-SEED.json)")
]


def reflect(
    policy: Policy,
    split: tuple[str, ...] = ("train", "dev"),
    questions: int = 96,
    group_size: int = 8,
    env: str = "berrypick/Almanac-v0",
    option: Options = (),
    seed: int = 0,
    out: Where = None,
) -> int:
    """Measure whether R3 sees a policy's reasoning: how it ranks episodes, and behind another question's reasoning.

    Prints a table a split, and writes it as JSON, with 95 % intervals over questions.

    Args:
        policy: a published start (such as tiny-diverse), or a folder with a policy of the text track.
        split: worlds that are played: train, dev, test.
        questions: number of questions, at least 2.
        group_size: episodes a question, at least 2.
        env: an environment of the text track.
        option: arguments of the environment.
        seed: of questions and sampling, 0 to 2**32 - 1.
        out: the file.
    """
    from berrypick.benchmarks.run import folder_name
    from berrypick.benchmarks.studies.critique.second_attempts import Sizes
    from berrypick.benchmarks.studies.r3.ranking import measure, write

    sizes = Sizes(questions, group_size, seed)
    command = ["berrypick", "study", "reflect", policy, "--split", *split, "--questions", str(questions)]
    command += ["--group-size", str(group_size)]
    command += ["--env", env, *(("--option", *option) if option else ()), "--seed", str(seed)]
    with steps() as start_progress:
        found = measure(policy, env, options(option), split, sizes, command, start_progress(len(split) * sizes.batches))
    out = out or Path("runs") / f"reflect-{folder_name(Path(policy).name)}-{seed}.json"
    write(out, found)
    for each in found.splits:
        show(each)
    OUT.print(f"Numbers: {out}", markup=False, soft_wrap=True)
    return 0


def show(found: Reflection) -> None:
    """Print the table of a split."""
    made = table(f"{found.split}: {found.questions} questions", "what", "value", right=("value",))
    made.add_row("episodes that are right", shown(found.right))
    made.add_row("rank correlation with reward, R3", shown(found.rank_r3))
    made.add_row("the same, uniform mean", shown(found.rank_uniform))
    made.add_row("R3 less uniform mean", difference(found.more))
    made.add_row("R3 behind another question's reasoning", shown(found.rank_elsewhere))
    made.add_row("largest sigma, nats", shown(found.sigma))
    made.add_row("behind another question's reasoning", shown(found.sigma_elsewhere))
    made.add_row("that less own", difference(found.less))
    made.add_row("questions that the filter drops", f"{found.dropped:.3f}")
    made.add_row(
        "the same, rewards differ", "\u2013" if found.dropped_telling is None else f"{found.dropped_telling:.3f}"
    )
    made.add_row("tokens that it spares", f"{found.spared:.3f}")
    OUT.print(made)
