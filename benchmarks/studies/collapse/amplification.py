"""Which strategies a run amplified: the echo-chamber table (Zhao et al. 2025, arXiv 2504.07912)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from berrypick.agents.training.run_dir import OTHER, Line
from berrypick.records import Record

#: Steps at either end that shares are taken over, if there are twice as many.
ENDS: Final = 3
#: Strategies below this share at both ends are not listed.
LEAST: Final = 0.01


class Amplified(Record):
    """One strategy.

    Attributes:
        strategy: its moves as text.
        rank: by its share at the start, 1 the commonest; None for one that was not named there.
        start: share of the grounded successes of the first steps.
        end: share of those of the last.
        ratio: ``end / start``, None without a start.
    """

    strategy: str
    rank: int | None
    start: float
    end: float
    ratio: float | None


class Amplification(Record):
    """What became of the strategies, in order of their share at the end; empty where an end has no grounded success.

    Attributes:
        ends: steps at either end.
        rows: all with a share of ``LEAST`` at either end; the first won.
        other: share at the start and at the end of what steps did not name.
    """

    ends: int
    rows: tuple[Amplified, ...]
    other: tuple[float, float]


def amplification(lines: Sequence[Line]) -> Amplification:
    """Compare the first steps with the last. A strategy that a step does not name counts as 0 there."""
    ends = max(1, min(ENDS, len(lines) // 2))
    start, end = shares(lines[:ends]), shares(lines[-ends:])
    if not start or not end:
        return Amplification(ends, (), (0.0, 0.0))
    ranked = sorted((name for name in start if name != OTHER), key=lambda name: (-start[name], name))
    rank = {name: place for place, name in enumerate(ranked, 1)}
    names = sorted((start | end).keys() - {OTHER}, key=lambda name: (-end.get(name, 0.0), rank.get(name, 0), name))
    rows = [_row(name, rank.get(name), start.get(name, 0.0), end.get(name, 0.0)) for name in names]
    listed = tuple(row for row in rows if max(row.start, row.end) >= LEAST)
    return Amplification(ends, listed, (start.get(OTHER, 0.0), end.get(OTHER, 0.0)))


def _row(name: str, rank: int | None, start: float, end: float) -> Amplified:
    return Amplified(name, rank, start, end, end / start if start else None)


def shares(lines: Sequence[Line]) -> dict[str, float]:
    """Shares of the grounded successes of some steps together; empty where there are none."""
    counts = Counter[str]()
    for line in lines:
        for name, share in line.strategies.items():
            counts[name] += share * line.grounded * line.episodes  # type: ignore[assignment]
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}
