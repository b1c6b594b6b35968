"""``study ability``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from berrypick.cli.console import ERR, OUT, table

if TYPE_CHECKING:
    from berrypick.benchmarks.metrics.base import Value

Folders = Annotated[
    list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER ...", help_behavior_hint="(one or more)")
]


def ability(folders: Folders) -> int:
    """Print what policies do at temperature 1, and what they can do at the best of the temperatures played.

    Make the runs with `berrypick bench 'lm:X?temperature=0.5' lm:X 'lm:X?temperature=1.5' --suite collapse-v1-brief
    --out DIR` and name DIR. Each measure of ability is the highest over the temperatures on the same questions, which
    raises it a little for every policy alike.

    Args:
        folders: folders of runs, or folders that hold some.
    """
    from berrypick.benchmarks.studies import ability as study

    found = study.tables(study.find(folders))
    heads = ("strategies_D2", "95 %", "ceiling", "determinism", "95 % ")
    made = table("Habit: temperature 1", "cell", *heads, right=heads)
    for policy in found:
        made.add_row(f"of {policy.policy}", style="bold")
        for habit in policy.habits:
            top = "\u2013" if habit.ceiling is None else f"{habit.ceiling:.2f}"
            made.add_row(habit.cell, *_estimate(habit.strategies), top, *_estimate(habit.determinism))
    OUT.print(made)
    columns = tuple(part for name in study.OF_ABILITY for part in (name, "95 %", "at"))
    made = table("Ability: best temperature", "cell", *columns, right=columns)
    for policy in found:
        made.add_row(f"of {policy.policy}", style="bold")
        for row in policy.abilities:
            cells = list[str]()
            for name in study.OF_ABILITY:
                best = row.best.get(name)
                cells += [*_estimate(best.value), f"T={best.temperature:g}"] if best else ["\u2013", "", ""]
            made.add_row(row.cell, *cells)
    OUT.print(made)
    for policy in found:
        if missing := [f"{t:g}" for t in study.TEMPERATURES if t not in policy.temperatures]:
            words = f"{policy.policy}: not played at temperature {', '.join(missing)}"
            ERR.print(words, markup=False, emoji=False, soft_wrap=True)
    return 0


def _estimate(value: Value) -> tuple[str, str]:
    if value.value is None:
        return "\u2013", ""
    between = "" if value.low is None or value.high is None else f"{value.low:.2f} to {value.high:.2f}"
    return f"{value.value:.2f}", between
