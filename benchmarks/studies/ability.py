"""Habit and ability: what a policy does when it samples at temperature 1, and what it can do at its best temperature.

A policy that is sampled at a low temperature looks as narrow as one that training has narrowed, and keeps what it can
do. Habit is strategies_D2 and determinism at temperature 1. Ability is EM and pass@k in every cell, plain and under
knock-outs, each at the best of the temperatures that were played.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import BLANK, CellResult, Result
from berrypick.benchmarks.stats import intervals
from berrypick.errors import BadInput

#: Where habit is measured.
ONE: Final = 1.0
#: What is played to know an ability.
TEMPERATURES: Final = (0.5, 1.0, 1.5)
#: Measures of ability.
OF_ABILITY: Final = ("EM", "pass@4")


class Habit(NamedTuple):
    """One plain cell at temperature 1; ``ceiling`` is that of strategies_D2, None where none was measured."""

    cell: str
    strategies: Value
    ceiling: float | None
    determinism: Value


class Best(NamedTuple):
    """A measure at the temperature where it is highest."""

    value: Value
    temperature: float


class Ability(NamedTuple):
    """One cell: measure to its best."""

    cell: str
    best: dict[str, Best]


class PolicyTable(NamedTuple):
    """What is told of a policy.

    Attributes:
        policy: its name without options.
        temperatures: those that were played, in order.
        habits: of each plain cell; empty where temperature 1 was not played.
        abilities: of each cell.
    """

    policy: str
    temperatures: tuple[float, ...]
    habits: list[Habit]
    abilities: list[Ability]


def split_name(agent: str) -> tuple[str, float]:
    """Take the temperature out of an agent's name: ``lm:tiny-even?temperature=0.5`` to (``lm:tiny-even``, 0.5).

    Other options stay part of the name. An agent without the option samples at 1.

    Raises:
        BadInput: the temperature is no number.
    """
    name, _, options = agent.partition("?")
    pairs = [pair.partition("=") for pair in options.split("&") if pair]
    others = "&".join("".join(pair) for pair in pairs if pair[0] != "temperature")
    stated = [pair[2] for pair in pairs if pair[0] == "temperature"]
    try:
        temperature = float(stated[0]) if stated else ONE
    except ValueError:
        reason = f"expected a temperature in the agent's name, found {agent!r}; bench lm:POLICY?temperature=0.5"
        raise BadInput(reason, field="agent") from None
    return (f"{name}?{others}" if others else name), temperature


def find(folders: Iterable[Path]) -> list[Result]:
    """Read the runs that folders are, or hold at any depth.

    Raises:
        BadInput: a folder holds no run.
    """
    found = list[Result]()
    for folder in folders:
        paths = sorted(folder.rglob(result.RESULT))
        if not paths:
            raise BadInput("holds no run; `berrypick bench AGENT --out DIR` writes one", file=folder)
        found += [_read(path.parent) for path in paths]
    return found


def _read(folder: Path) -> Result:
    """Read a run; determinism of one that is older than the metric is computed from its outcomes, if they are there."""
    run = result.read(folder)
    if all("determinism" in cell.metrics for cell in run.cells) or not (folder / result.OUTCOMES).is_file():
        return run
    found = intervals.summarise(result.read_outcomes(folder), ["determinism"], run.seed).cells
    made = (replace(cell, metrics=cell.metrics | found.get(number, {})) for number, cell in enumerate(run.cells))
    return replace(run, cells=tuple(made))


def tables(runs: Sequence[Result]) -> list[PolicyTable]:
    """Put the runs of each policy together, in order of first mention.

    Raises:
        BadInput: runs of one policy differ in suite, or two have the same temperature and seed.
    """
    of_policy: dict[str, dict[float, Result]] = {}
    for run in runs:
        policy, temperature = split_name(run.agent)
        own = of_policy.setdefault(policy, {})
        if temperature in own:
            reason = f"{policy} was run twice at temperature {temperature:g}; name runs of one seed"
            raise BadInput(reason, field="agent")
        own[temperature] = run
    for policy, own in of_policy.items():
        if len({(run.suite, run.config.cells) for run in own.values()}) > 1:
            raise BadInput(
                f"runs of {policy} are of different suites, so their cells cannot be compared", field="suite"
            )
    return [_table(policy, dict(sorted(own.items()))) for policy, own in of_policy.items()]


def _table(policy: str, of_temperature: Mapping[float, Result]) -> PolicyTable:
    labels = [cell.label for cell in next(iter(of_temperature.values())).cells if cell.readable]
    cells = {t: {cell.label: cell for cell in run.cells} for t, run in of_temperature.items()}
    habits = [_habit(cells[ONE][label]) for label in labels if ONE in cells and cells[ONE][label].plain]
    abilities = [Ability(label, _best({t: own[label] for t, own in cells.items()})) for label in labels]
    return PolicyTable(policy, tuple(of_temperature), habits, abilities)


def _habit(cell: CellResult) -> Habit:
    top = ceilings.ceiling_of(cell)
    metrics = cell.metrics
    strategies, alike = metrics.get("strategies_D2", BLANK), metrics.get("determinism", BLANK)
    return Habit(cell.label, strategies, top.value if top else None, alike)


def _best(cells: Mapping[float, CellResult]) -> dict[str, Best]:
    found = {}
    for name in OF_ABILITY:
        values = {temperature: cell.metrics.get(name, BLANK) for temperature, cell in cells.items()}
        best = max(values, key=lambda temperature: _or_low(values[temperature]))
        if values[best].value is not None:
            found[name] = Best(values[best], best)
    return found


def _or_low(value: Value) -> float:
    return -math.inf if value.value is None else value.value
