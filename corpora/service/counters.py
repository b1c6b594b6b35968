"""Counters of a server, written in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from typing import Final

#: Upper bounds of the histogram of request times, in seconds.
BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)

_HELP: Final = {
    "requests": "Requests to /retrieve, by status.",
    "queries": "Queries searched, by world and engine.",
    "failed_queries": "Queries whose search failed, by world and engine.",
    "active_faults": "Queries whose list a fault changed, by fault.",
    "batches": "Batches that engines searched.",
    "batched_requests": "Requests in those batches.",
}


class Counters:
    """What a server has done since it started. For one thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        self._counts[name, tuple(sorted(labels.items()))] += amount

    def observe(self, seconds: float) -> None:
        """Add the time that a request took."""
        place = next((place for place, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        self._buckets[place] += 1
        self._seconds += seconds

    def add_batch(self, size: int) -> None:
        """Add a batch that an engine searched."""
        self.add("batches")
        self.add("batched_requests", size)

    def text(self) -> str:
        """Return all counters in the text format of Prometheus, version 0.0.4."""
        lines: list[str] = []
        for name, help in _HELP.items():
            full = f"berrypick_{name}_total"
            lines += [f"# HELP {full} {help}", f"# TYPE {full} counter"]
            rows = sorted((labels, count) for (counted, labels), count in self._counts.items() if counted == name)
            lines += [f"{full}{_labels(labels)} {count}" for labels, count in rows]
        return "\n".join([*lines, *self._histogram()]) + "\n"

    def _histogram(self) -> list[str]:
        name = "berrypick_request_seconds"
        lines = [f"# HELP {name} Time of requests to /retrieve.", f"# TYPE {name} histogram"]
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._seconds:.6f}", f"{name}_count {total}"]


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    escaped = ((name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
