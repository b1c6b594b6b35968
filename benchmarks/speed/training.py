"""How fast a policy is trained, against TRL's GRPOTrainer: one table of seconds, tokens a second and shares.

``python -P -m berrypick.benchmarks.speed.training --out FOLDER`` (``make speed-train``) prints the table and writes
``training.json`` and ``training.md``. The trainers take turns, block by block, in one process on one thread.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import gymnasium
import msgspec
import torch
import tyro
from msgspec import structs
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import berrypick  # noqa: F401 - registers the environments
from berrypick import io
from berrypick.agents.lm.load import load
from berrypick.agents.training.config import Config
from berrypick.agents.training.text.learner import TextLearner
from berrypick.benchmarks import provenance
from berrypick.benchmarks.speed import training_page
from berrypick.benchmarks.speed.measuring import BLOCKS
from berrypick.benchmarks.speed.training_page import Block, Report
from berrypick.benchmarks.speed.training_step import WARM, Step, steps
from berrypick.envs.search import SearchEnv

_PACKAGES: Final = ("berrypick", "torch", "transformers", "accelerate", "trl")
_ENV: Final = "berrypick/Almanac-v0"
_TASKS: Final[dict[str, Any]] = {"split": "train"}
#: So small that the policy stays what it was: both trainers go on playing alike.
_RATE: Final = 1e-8


@dataclass
class Options:
    """Measure how fast a policy is trained, and write a page about it."""

    out: Path = Path("runs/speed-train")
    """folder for training.json and training.md"""
    start: str = "tiny-diverse"
    """the policy: a published start, or a folder"""
    blocks: int = BLOCKS
    """how often both are measured, on other tasks each time"""
    steps: int = 2
    """steps of each that are measured in a block"""
    provisional: str = ""
    """why these figures are not final; written into the page"""


def main(options: Options) -> None:
    """Measure, print, write."""
    console = Console(stderr=True)
    torch.set_num_threads(1)
    missing = "" if importlib.util.find_spec("trl") else "trl is not installed (`pip install '.[trl]'`)"
    env: Any = gymnasium.make(_ENV, disable_env_checker=True, **_TASKS).unwrapped
    blocks = []
    for number in range(options.blocks):
        console.print(f"block {number + 1} of {options.blocks}", highlight=False)
        blocks.append(_block(number, env, options, with_trl=not missing))
    made = provenance.collect(_command(), {}, {}, {})
    report = Report(
        provenance=structs.replace(made, versions={"python": made.versions["python"], **_versions()}),
        start=options.start,
        provisional=options.provisional,
        missing=missing,
        blocks=tuple(blocks),
    )
    _show(report, console)
    io.write_bytes(options.out / "training.json", msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    io.write_bytes(options.out / "training.md", training_page.as_markdown(report).encode())
    console.print(f"Written to {options.out}/training.json and {options.out}/training.md.", soft_wrap=True)


def _block(number: int, env: SearchEnv, options: Options, *, with_trl: bool) -> Block:
    """Measure both over the same tasks, ours first in even blocks: the second one finds the pages already read."""
    config = Config(
        method="grpo",
        start=options.start,
        env=_ENV,
        options=_TASKS,
        steps=WARM + options.steps,
        seed=number,
        lr=_RATE,
    )
    for episode in range(config.steps * config.prompts_per_step):
        env.tasks.draw(config.seed, episode)  # opens the worlds
    peer: list[Step] = []
    if with_trl and number % 2:
        peer = _trl(env, config)
    ours = steps(TextLearner(load(options.start, "float32"), lambda: env), config)
    if with_trl and not number % 2:
        peer = _trl(env, config)
    return Block(ours=tuple(ours), peer=tuple(peer))


def _trl(env: SearchEnv, config: Config) -> list[Step]:
    from berrypick.benchmarks.speed import training_trl

    return training_trl.steps(load(config.start, "float32"), env, config)


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _PACKAGES if importlib.util.find_spec(name)}


def _command() -> list[str]:
    return ["python", "-P", "-m", "berrypick.benchmarks.speed.training", *sys.argv[1:]]


def _show(report: Report, console: Console) -> None:
    table = Table(*training_page.HEADER, title=training_page.title(report), box=SIMPLE)
    for row in training_page.ROWS:
        table.add_row(*training_page.cells(row, report.blocks))
    Console().print(table)
    console.print(training_page.notes(report), end="", markup=False, highlight=False)


if __name__ == "__main__":
    main(tyro.cli(Options))
