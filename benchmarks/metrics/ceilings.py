"""Ceilings of strategies_D2: what ``hop_mixture`` measures in a cell, and the share of it that an agent has.

A number of strategies says little without the number there could be: 1.3 of a ceiling of 1.6 is half of the way from
one strategy to the ceiling. ``berrypick study ceilings`` measures them; the file beside this module keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from berrypick import io
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import BLANK, CellResult, Result, canonical
from berrypick.envs import ENVS
from berrypick.envs.perturbations.knockouts import is_dominant_move
from berrypick.records import Record

FILE: Final = Path(__file__).with_name("ceilings.json")
#: Whose strategies_D2 is the ceiling.
AGENT: Final = "hop_mixture"
NAME: Final = "strategies_D2_share"
HELP: Final = (
    f"(strategies_D2 - 1) / (ceiling - 1), the ceiling being the strategies_D2 of {AGENT} in the same cell; the "
    "interval is that of strategies_D2, the ceiling taken as exact"
)


class Ceiling(Record):
    """The strategies_D2 of ``hop_mixture`` in one cell.

    Attributes:
        env: Gymnasium id of the cell.
        corpus: its corpus.
        split: of its worlds and questions.
        knockouts: what was knocked out.
        value: strategies_D2.
        low: lower end of its 95 % interval over questions, None where there is none.
        high: upper end.
        n: questions that it stands on.
        command: what measured it.
    """

    env: str
    corpus: str
    split: str | None
    knockouts: tuple[str, ...]
    value: float
    low: float | None
    high: float | None
    n: int
    command: str

    @property
    def key(self) -> tuple[object, ...]:
        """The cell; numbers of worlds, questions and rollouts change the precision alone."""
        return self.env, self.corpus, self.split, self.knockouts


@cache
def _recorded() -> Mapping[tuple[object, ...], Ceiling]:
    return {ceiling.key: ceiling for ceiling in read(FILE)}


def read(path: Path) -> list[Ceiling]:
    """Read recorded ceilings; BadInput names the field that does not fit."""
    return io.decode(path.read_bytes(), msgspec.json.Decoder(list[Ceiling]), path)


def write(path: Path, ceilings: Iterable[Ceiling]) -> None:
    """Write ceilings in the order of their cells; of two of one cell the one on more questions stays."""
    kept: dict[tuple[object, ...], Ceiling] = {}
    for ceiling in ceilings:
        if ceiling.key not in kept or kept[ceiling.key].n < ceiling.n:
            kept[ceiling.key] = ceiling
    io.write_bytes(path, canonical(sorted(kept.values(), key=lambda ceiling: repr(ceiling.key))))


def measured(run: Result) -> list[Ceiling]:
    """Take the ceilings from a run of ``hop_mixture``.

    Cells with faults, with a dominant move refused, or with too few questions for strategies_D2 have none.
    """
    found = []
    for cell in run.cells:
        value = cell.metrics.get("strategies_D2", BLANK)
        if value.value is None or cell.faults or any(map(is_dominant_move, cell.knockouts)):
            continue
        where = cell.env, cell.setup["corpus"], cell.setup["split"], cell.knockouts
        found.append(Ceiling(*where, value.value, value.low, value.high, value.n, run.provenance.command))
    return found


def ceiling_of(cell: CellResult) -> Ceiling | None:
    """The recorded ceiling of a cell; None where none was measured, and in cells with faults."""
    key = cell.env, cell.setup.get("corpus"), cell.setup.get("split"), cell.knockouts
    return None if cell.faults else _recorded().get(key)


def ceiling_of_training(env: str, options: Mapping[str, Any]) -> Ceiling | None:
    """The ceiling in the dev worlds of an environment, which are like those trained on; None where none was measured.

    Args:
        env: Gymnasium id.
        options: its arguments; those left out have the environment's defaults.
    """
    arguments = (ENVS[env].arguments if env in ENVS else {}) | dict(options)
    return _recorded().get((env, arguments.get("corpus"), "dev", tuple(arguments.get("knockouts", ()))))


def share(value: Value, ceiling: Ceiling | None) -> Value:
    """The share of the way from one strategy to the ceiling, for a strategies_D2; blank without a ceiling above 1."""
    if ceiling is None or ceiling.value <= 1 or value.value is None:
        return Value(None, None, None, value.n)
    top = ceiling.value - 1
    low, high = (None if end is None else (end - 1) / top for end in (value.low, value.high))
    return Value((value.value - 1) / top, low, high, value.n)


def with_share(cell: CellResult) -> dict[str, Value]:
    """The metrics of a cell and, where it has strategies_D2 and a ceiling, ``strategies_D2_share``."""
    found = share(cell.metrics.get("strategies_D2", BLANK), ceiling_of(cell))
    return cell.metrics if found.value is None else cell.metrics | {NAME: found}
