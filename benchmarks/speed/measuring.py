"""How everything here is timed: in blocks, so that all ways of doing a thing are measured under the same load."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from pytest_benchmark.fixture import BenchmarkFixture

#: Every comparison is made this often; the table shows the median of the comparisons, and their range.
BLOCKS: Final = 5

#: See ``timed``.
Measure: TypeAlias = Callable[..., Any]


def turns(*ways: str) -> list[tuple[int, str]]:
    """Return (block, way) pairs in the order of measurement: all ways in each block, each of them first in turn.

    On a busy machine one way after the other would be measured under different loads.
    """
    return [(block, way) for block in range(BLOCKS) for way in ways[block % len(ways) :] + ways[: block % len(ways)]]


def timed(benchmark: BenchmarkFixture, bench: str) -> Measure:
    """Return ``measure(case, way, block, call, inputs, rounds)``.

    It times ``call(input)`` for ``rounds`` of the inputs, whose making is not timed, and returns what the last call
    returned; ``bench/case``, way and block are what the report finds the times by.
    """

    def measure(
        case: str, way: str, block: int, call: Callable[[Any], object], inputs: Iterable[Any], rounds: int
    ) -> Any:
        benchmark.group = f"{bench}/{case}"
        benchmark.extra_info |= {"way": way, "block": block}
        given = iter(inputs)
        return benchmark.pedantic(call, setup=lambda: ((next(given),), {}), rounds=rounds)

    return measure
