"""The rows of the table: what is compared with what, in which measure, and what it should come to (docs/design.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

#: What was measured in one block: ``seconds`` (median of one call), and what else the bench noted.
Sample: TypeAlias = dict[str, Any]


class Measure(NamedTuple):
    """How two samples become a number.

    Attributes:
        unit: of the number.
        better: the sign before a target, ``<=`` or ``>=``.
        value: of our sample and the peer's, which is empty where a row has no peer.
    """

    unit: str
    better: str
    value: Callable[[Sample, Sample], float]


MEASURES: Final[dict[str, Measure]] = {
    "times as long": Measure("x", "<=", lambda ours, peer: ours["seconds"] / peer["seconds"]),
    "times faster": Measure("x", ">=", lambda ours, peer: peer["seconds"] / ours["seconds"]),
    "longer": Measure("us", "<=", lambda ours, peer: 1e6 * (ours["seconds"] - peer["seconds"])),
    "time": Measure("s", "<=", lambda ours, peer: ours["seconds"]),
    "time in ms": Measure("ms", "<=", lambda ours, peer: 1e3 * ours["seconds"]),
    "steps": Measure("/s", ">=", lambda ours, peer: ours["steps"] / ours["seconds"]),
    "episodes": Measure("/s", ">=", lambda ours, peer: ours["episodes"] / ours["seconds"]),
    "memory": Measure("GB", "<=", lambda ours, peer: ours["gigabytes"]),
}


class SpeedRow(NamedTuple):
    """One line of the table.

    Attributes:
        what: what is measured, for readers.
        group: the group of the benches, ``<bench>/<case>``.
        ours: our way.
        peer: the way it is compared with, "" for none.
        measure: a name in ``MEASURES``.
        target: what the number should be, None where it is only reported.
    """

    what: str
    group: str
    ours: str
    peer: str
    measure: str
    target: float | None = None


_ENGINES: Final = [
    row
    for size in (10_000, 100_000)
    for words in ("common", "rare")
    for what, group in ((f"query, {size // 1000}k documents, {words} words", f"engines/{size}/{words}"),)
    for row in (
        SpeedRow(what, group, "bm25", "tantivy", "times as long", 1.5),
        SpeedRow(what, group, "bm25", "bm25s (numba)", "times faster"),
        SpeedRow(what, group, "bm25", "rank-bm25", "times faster", 300),
    )
]
_STEPS: Final = [
    SpeedRow(f"search step, 10k documents, pages {pages}", f"step/{case}", "SearchEnv.step", "bm25", "longer", 150)
    for case, pages in (("seen", "seen before"), ("new", "never seen"))
]
_BATCHED: Final = [
    SpeedRow(what, f"batched/{engine}/{case}", "BatchedSearchEnv", "SyncVectorEnv", "times faster", 1.5)
    for engine in ("bm25", "dense")
    for case, what in (
        *((str(count), f"{count} environments, {engine}") for count in (16, 64, 256)),
        ("64/groups", f"64 environments in groups of 16, {engine}"),
    )
]
_HTTP: Final = [
    SpeedRow(f"{what} over HTTP as Search-R1", f"http/{batch}", "in process", "HTTP", "times faster")
    for batch, what in ((1, "query"), (64, "64 queries"))
]
_SERVE: Final = [
    row
    for batch, what in ((1, "64 workers, a query a request"), (64, "64 workers, 64 queries a request"))
    for row in (
        SpeedRow(what, f"serve/{batch} a request", "berrypick serve", "in process", "times faster", 0.7),
        SpeedRow("the same", f"serve/{batch} a request", "berrypick serve", "FastAPI as Search-R1", "times faster"),
    )
]
_PROCESSES: Final = [
    SpeedRow("import berrypick", "processes/start", "import berrypick", "python", "time", 0.4),
    SpeedRow("berrypick --help", "processes/start", "berrypick --help", "python", "time", 0.6),
    *(
        SpeedRow(f"first query of a process, {engine}", "processes/first query", engine, "", "time")
        for engine in ("bm25", "dense", "hybrid", "rank_bm25")
    ),
]
_LARGE: Final = [
    SpeedRow("1M documents, open the index", "large/open", "bm25", "", "time", 1),
    SpeedRow("1M documents, query", "large/search", "bm25", "", "time in ms", 5),
    SpeedRow("1M documents, peak memory", "large/process", "bm25", "", "memory", 3),
]
_VERIFY: Final = [
    SpeedRow("verify 2,880 episodes", "verify/episodes", "berrypick verify", "berrypick bench", "times faster"),
    SpeedRow("the same", "verify/episodes", "berrypick verify", "", "episodes", 500),
    SpeedRow("the same, engines' caches filled", "verify/episodes", "berrypick verify again", "", "episodes", 1_500),
    SpeedRow("the same, peak memory", "verify/process", "berrypick verify", "", "memory"),
]
ROWS: Final[tuple[SpeedRow, ...]] = (
    *_ENGINES,
    *_STEPS,
    *_BATCHED,
    SpeedRow("discrete track, random actions", "discrete/random", "AlmanacDiscrete", "", "steps", 5_000),
    *_HTTP,
    *_SERVE,
    *_PROCESSES,
    *_LARGE,
    *_VERIFY,
)
