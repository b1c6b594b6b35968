"""``train``: one run of a method."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import tyro
from msgspec.structs import replace

from berrypick.cli.console import OUT, StartProgress, steps
from berrypick.errors import BadInput
from berrypick.registry import Table, UnknownName

if TYPE_CHECKING:
    from berrypick.agents.training.run_dir import Line

Method = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="METHOD[+METHOD...]")]
Start = Annotated[str | None, tyro.conf.arg(name="from", metavar="START", help_behavior_hint="(default: the track's)")]
Where = Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: runs/METHOD-TRACK-SEED)")]
Options = Annotated[
    tuple[str, ...],
    tyro.conf.arg(metavar="KEY=JSON ...", help_behavior_hint="(e.g. worlds=16 families='[\"bridge\"]')"),
]

#: What an environment for training is made with, where nothing else is said.
TRAINED_ON: Final = {"split": "train"}


def train(
    method: Method,
    start: Start = None,
    env: str = "berrypick/Almanac-v0",
    option: Options = (),
    steps_: Annotated[int, tyro.conf.arg(name="steps")] = 40,
    seed: int = 0,
    prompts_per_step: int = 12,
    group_size: int = 8,
    minibatches_per_step: int = 4,
    micro_batch_size: int = 4,
    lr: float = 2e-4,
    max_norm: float = 1.0,
    critic: str = "",
    precision: str = "no",
    out: Where = None,
) -> int:
    """Train a policy with reinforcement learning.

    Writes config.json, metrics.jsonl (a line a step), checkpoints/ and policy/, which `berrypick bench lm:OUT/policy`
    plays (discrete:OUT/policy on the discrete track). The same command goes on where a run was stopped.

    Args:
        method: methods that `berrypick list methods` lists, with parameters in brackets:
            'grpo', 'kl_cov(ratio=0.02)+fitness_sharing'.
        start: a published start (tiny-even, tiny-diverse, tiny-narrow, tiny-base,
            discrete-diverse), or a folder with a policy.
        env: an environment that `berrypick list environments` lists; it decides the track.
        option: arguments of the environment; split is train unless given here.
        steps_: rollout batches.
        seed: of tasks, sampling and updates, 0 to 2**32 - 1.
        prompts_per_step: questions a step.
        group_size: rollouts a question.
        minibatches_per_step: optimiser steps a rollout batch, each on its share of whole questions.
        micro_batch_size: episodes that are scored at once: few for a processor's cache, more to fill an
            accelerator. Changes speed and memory, and the result by rounding only.
        lr: learning rate of Adam.
        max_norm: gradients are scaled down to this norm.
        critic: what refinements read in place of the method's own critic: a critic that `berrypick list critics` lists,
            such as lm:PATH or chat:URL:MODEL for a judge model, with ?prompt=FILE&tries=8 behind it. What it writes is
            used where its verdict is right; where it never is, the episode is not refined.
        precision: no (float32) or bf16 (mixed).
        out: folder of the run.
    """
    from berrypick.agents.training.config import Config

    check_names(method, env, critic)
    # Made before torch is imported, as it says what is wrong with the numbers.
    config = Config(
        method=method,
        start=start or "",
        env=env,
        options=TRAINED_ON | options(option),
        steps=steps_,
        seed=seed,
        prompts_per_step=prompts_per_step,
        group_size=group_size,
        minibatches_per_step=minibatches_per_step,
        micro_batch_size=micro_batch_size,
        lr=lr,
        max_norm=max_norm,
        critic=critic,
        precision=precision,
    )
    from berrypick.agents import methods
    from berrypick.agents.training.loop import train as run
    from berrypick.agents.training.tracks import track_of
    from berrypick.envs.specs import ENVS

    config = replace(config, method=methods.make(method).name, start=start or track_of(env).start)
    out = out or Path("runs") / f"{config.method}-{ENVS[env].track}-{seed}"
    with steps() as start_progress:
        run(config, out, progress(start_progress, config.steps))
    OUT.print(f"policy: {out / 'policy'}", soft_wrap=True)
    return 0


def check_names(method: str, env: str, critic: str) -> None:
    """Raise UnknownName for a method, an environment or a critic that there is not; imports none of them."""
    from berrypick.agents.critics import CRITICS
    from berrypick.agents.methods import METHODS
    from berrypick.envs import ENVS

    rows = [part.partition("(")[0].strip() for part in re.split(r"\+(?![^()]*\))", method)]  # 1e+3 is a number
    named: list[tuple[Table[Any], str]] = [*((METHODS, row) for row in rows), (ENVS, env)]
    named += [(CRITICS, re.split("[:?]", critic)[0])] if critic else []
    for table, name in named:
        if name not in table:
            raise UnknownName(table.kind, name, list(table))


def options(given: tuple[str, ...]) -> dict[str, Any]:
    """Read KEY=JSON; what is no JSON is a string."""
    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise BadInput(f"must be KEY=VALUE, such as worlds=16; got {text!r}", field="option")
        try:
            found[key] = json.loads(value)
        except json.JSONDecodeError:
            found[key] = value
    return found


def progress(start_progress: StartProgress, total: int) -> Callable[[Line], None]:
    """Show a step's line in a few words."""
    on_progress = start_progress(total)

    def show(line: Line) -> None:
        ways = "\u2013" if line.strategies_D2 is None else f"{line.strategies_D2:.2f}"
        entropy = "\u2013" if line.entropy is None else f"{line.entropy:.3f}"
        seconds = line.seconds_rollout + line.seconds_update + line.seconds_other
        on_progress(
            f"step {line.step}: reward {line.reward:.3f}, strategies_D2 {ways}, entropy {entropy}, "
            f"searches {line.searches:.1f}, {seconds:.1f} s",
            line.step + 1,
        )

    return show
