"""Compare what an entry states with what replay gives, number by number, and say how far they may lie apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import asdict

from berrypick.benchmarks.metrics.table import Value
from berrypick.leaderboard.schema import Entry, EntryCell
from berrypick.leaderboard.untrusted import plain

#: How far two computations of one number may lie apart: sums are rounded otherwise on other machines.
ROUNDING: Final = 1e-6
#: The same at most, as a share, for what follows from dense lists that came in another order. A drifted episode adds or
#: takes about one strategy of one question, so a mean over n of them moves by 1/n.
SWAPPED: Final = 0.01
#: Metrics that repeat parts of queries, and so depend on dense lists even where every action is replayed.
FROM_LISTS: Final = ("strategies_D1", "strategies_D2", "dominant_share")


class Allowance(NamedTuple):
    """What dense lists in another order may explain.

    Attributes:
        moved: of each cell the episodes with a list that may have another order on another machine.
        is_same: whether the episodes are those that were recorded. Where the agent was played again and played
            otherwise, any number may differ; otherwise those that repeat parts of queries may.
    """

    moved: tuple[int, ...]
    is_same: bool

    def share(self, metric: str, n: int, moved: int) -> float:
        """By how much a number over ``n`` questions may differ, as a share."""
        return min(SWAPPED, moved / max(n, 1)) if metric in FROM_LISTS or not self.is_same else 0.0


def differences(entry: Entry, here: Entry, allowance: Allowance) -> Iterator[str]:
    """Say where an entry states something else than replay gives. What it does not state is no difference."""
    total = sum(allowance.moved)
    yield from _other_budgets(entry, here, allowance, total)
    yield from _other_metrics(entry.metrics, here.metrics, "metrics", allowance, total)
    if len(entry.cells) != len(here.cells):
        yield f"field 'cells': {len(entry.cells)}, the suite has {len(here.cells)}"
        return
    known = {name for cell in here.cells for name in cell.strategies}
    for number, (said, found) in enumerate(zip(entry.cells, here.cells, strict=True)):
        yield from _other_cell(said, found, f"cells[{number}]", allowance, allowance.moved[number], known)


def unstated(entry: Entry, here: Entry) -> Iterator[str]:
    """Name what replay gives and an entry does not state: metrics that are newer than it, or that it keeps quiet."""
    missing = sorted(here.metrics.keys() - entry.metrics.keys())
    if missing:
        names = ", ".join(missing)
        yield f"does not state {names}, which are blank on the board; `berrypick board write --restamp` adds them"


def _other_budgets(entry: Entry, here: Entry, allowance: Allowance, moved: int) -> Iterator[str]:
    said, found = asdict(entry.budgets), asdict(here.budgets)
    share = 0.0 if allowance.is_same else min(SWAPPED, moved)
    if math.isclose(said["tokens"], found["tokens"], rel_tol=share):
        said["tokens"] = found["tokens"]
    yield from _other_fields(said, found, "budgets")


def _other_cell(
    said: EntryCell, found: EntryCell, field: str, allowance: Allowance, moved: int, known: Set[str]
) -> Iterator[str]:
    for name in ("label", "tasks", "rollouts", "missing"):
        yield from _other_fields({name: getattr(said, name)}, {name: getattr(found, name)}, field)
    yield from _other_fields(said.setup, found.setup, f"{field}.setup")
    yield from _other_metrics(said.metrics, found.metrics, f"{field}.metrics", allowance, moved)
    yield from _other_strategies(said.strategies, found.strategies, known, f"{field}.strategies", allowance, moved)
    gaps = sum(abs(a - b) for a, b in zip(said.right, found.right, strict=False))
    if said.right and (len(said.right) != len(found.right) or gaps > (0 if allowance.is_same else moved)):
        place = next((n for n, pair in enumerate(zip(said.right, found.right, strict=False)) if pair[0] != pair[1]), 0)
        ours = found.right[place] if found.right else "nothing"
        yield f"field '{field}.right[{place}]': is {said.right[place]}, replay gives {ours}"


def _other_fields(said: Mapping[str, Any], found: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in sorted(said.keys() | found.keys()):
        theirs, ours = (_plainest(values.get(name, "missing")) for values in (said, found))
        if theirs != ours:
            yield f"field '{field}.{plain(name)}': is {plain(repr(theirs))}, replay gives {plain(repr(ours))}"


def _plainest(value: object) -> object:
    """A value as JSON has it: without tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _other_metrics(
    said: Mapping[str, Value], found: Mapping[str, Value], field: str, allowance: Allowance, moved: int
) -> Iterator[str]:
    for name in sorted(said):
        place = f"field '{field}.{plain(name)}'"
        if name not in found:
            yield f"{place}: is not a metric of the suite"
        elif not _same(said[name], found[name], allowance.share(name, found[name].n, moved), allowance.is_same):
            yield f"{place}: is {_value(said[name])}, replay gives {_value(found[name])}"


def _same(a: Value, b: Value, share: float, is_same: bool) -> bool:
    """Whether two values agree; those of other episodes may be a share of 1 apart, as most metrics are shares."""
    near = ROUNDING if is_same else max(ROUNDING, share)
    pairs = ((a.value, b.value), (a.low, b.low), (a.high, b.high))
    return a.n == b.n and all(
        x is y is None or (x is not None and y is not None and math.isclose(x, y, rel_tol=share, abs_tol=near))
        for x, y in pairs
    )


def _value(value: Value) -> str:
    low, middle, high = ("blank" if x is None else f"{x:.6f}" for x in (value.low, value.value, value.high))
    return f"{middle} ({low} to {high}, n {value.n})"


def _other_strategies(
    said: Mapping[str, int],
    found: Mapping[str, int],
    known: Set[str],
    field: str,
    allowance: Allowance,
    moved: int,
) -> Iterator[str]:
    """Where counts of strategies differ by more than ``moved`` episodes, or ``SWAPPED``, with another known one."""
    gaps = {name: said.get(name, 0) - found.get(name, 0) for name in sorted(said.keys() | found.keys())}
    most = min(moved, math.ceil(SWAPPED * sum(found.values())))
    is_balanced = sum(gaps.values()) == 0 or (not allowance.is_same and abs(sum(gaps.values())) <= most)
    near = is_balanced and sum(map(abs, gaps.values())) <= 2 * most
    for name, gap in gaps.items():
        if (name in said and name not in known) or (gap and not near):
            yield f"field '{field}': {plain(name)!r} {said.get(name, 0)} times, replay gives {found.get(name, 0)}"
