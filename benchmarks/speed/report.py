"""Turn what pytest-benchmark measured into one table: each row a number, its target, and whether it was met.

``python -P -m berrypick.benchmarks.speed.report RAW --out FOLDER`` prints the table and writes ``speed.json`` and
``speed.md``.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from berrypick import io
from berrypick.benchmarks.speed.rows import MEASURES, ROWS, Sample, SpeedRow
from berrypick.records import Record

COMMAND: Final = "make speed"
_PRINTED: Final = ("what", "against", "result", "target", "")
_WRITTEN: Final = ("what", "ours", "peer", "result", "range", "target", "")


class Result(Record):
    """A row with its number.

    Attributes:
        what: as in ``SpeedRow``.
        ours: our way.
        peer: the way it is compared with, "" for none.
        ours_seconds: median time of one call, None where nothing was measured, as in all that follows.
        peer_seconds: the same of the peer.
        value: median over the blocks of what each block gives.
        low: least of the blocks.
        high: greatest of the blocks.
        unit: of the three.
        better: ``<=`` or ``>=``, what stands before the target.
        target: None where the row is only reported.
        verdict: ``met``, ``missed``, "" without a target, ``not measured``.
        note: why it was not measured, where that was said.
    """

    what: str
    ours: str
    peer: str
    ours_seconds: float | None
    peer_seconds: float | None
    value: float | None
    low: float | None
    high: float | None
    unit: str
    better: str
    target: float | None
    verdict: str
    note: str


class Report(Record):
    """All rows, and what they were measured with."""

    command: str
    date: str
    commit: str
    dirty: bool
    machine: dict[str, str | int]
    versions: dict[str, str]
    rows: tuple[Result, ...]


def read(raw: Mapping[str, Any], rows: Sequence[SpeedRow] = ROWS) -> Report:
    """Make a report of pytest-benchmark's JSON.

    Raises:
        KeyError: the JSON is not of a run of these benches.
        ValueError: a row's two ways were not measured in the same blocks.
    """
    samples: dict[tuple[str, str], dict[int, Sample]] = {}
    for bench in raw["benchmarks"]:
        info = bench["extra_info"]
        blocks = samples.setdefault((bench["group"], info["way"]), {})
        blocks[info["block"]] = {**info, "seconds": bench["stats"]["median"]}
    machine = raw["machine_info"]
    return Report(
        command=COMMAND,
        date=raw["datetime"],
        commit=raw["commit_info"]["id"],
        dirty=raw["commit_info"]["dirty"],
        machine={
            "cpu": machine["cpu"]["brand_raw"],
            "cores": machine["cores"],
            "system": machine["system"],
            "python": machine["python_version"],
        },
        versions=machine["versions"],
        rows=tuple(_result(row, samples, raw["skipped"]) for row in rows),
    )


def _result(row: SpeedRow, samples: Mapping[tuple[str, str], dict[int, Sample]], skipped: Mapping[str, str]) -> Result:
    measure = MEASURES[row.measure]
    ours = samples.get((row.group, row.ours), {})
    peer = samples.get((row.group, row.peer), {}) if row.peer else {block: {} for block in ours}
    if ours.keys() != peer.keys():
        raise ValueError(f"{row.group}: {row.ours} was measured in blocks {[*ours]}, {row.peer} in {[*peer]}")
    values = [measure.value(ours[block], peer[block]) for block in ours]
    value = statistics.median(values) if values else None
    return Result(
        what=row.what,
        ours=row.ours,
        peer=row.peer,
        ours_seconds=_median(ours),
        peer_seconds=_median(peer) if row.peer else None,
        value=value,
        low=min(values, default=None),
        high=max(values, default=None),
        unit=measure.unit,
        better=measure.better,
        target=row.target,
        verdict=_verdict(value, measure.better, row.target),
        note=skipped.get(row.group.partition("/")[0], "") if value is None else "",
    )


def _verdict(value: float | None, better: str, target: float | None) -> str:
    if value is None:
        return "not measured"
    if target is None:
        return ""
    met = value <= target if better == "<=" else value >= target
    return "met" if met else "missed"


def _median(blocks: Mapping[int, Sample]) -> float | None:
    return statistics.median(sample["seconds"] for sample in blocks.values()) if blocks else None


def cells(result: Result) -> dict[str, str]:
    """Write a result as one line of the table: column to text."""
    unit = result.unit
    low, high = ("" if value is None else _number(value) for value in (result.low, result.high))
    return {
        "what": result.what,
        "against": result.peer,
        "ours": _way(result.ours, result.ours_seconds),
        "peer": _way(result.peer, result.peer_seconds),
        "result": "" if result.value is None else f"{_number(result.value)} {unit}",
        "range": f"{low}-{high}" if low else "",
        "target": "" if result.target is None else f"{result.better} {result.target:,g} {unit}",
        "": result.verdict,
    }


def _way(name: str, seconds: float | None) -> str:
    if seconds is None:
        return name
    scale, unit = next((s, u) for s, u in ((1, "s"), (1e3, "ms"), (1e6, "us")) if seconds * s >= 1 or u == "us")
    return f"{name} {_number(seconds * scale)} {unit}"


def _number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def title(report: Report) -> str:
    """Say on one line what was run, on which machine."""
    machine = report.machine
    changed = " with changes" if report.dirty else ""
    return (
        f"`{report.command}` at {report.commit[:10]}{changed}, {report.date[:10]}: {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, one thread"
    )


def as_markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    rows = [tuple(cells(result)[column] for column in _WRITTEN) for result in report.rows]
    lines = [_WRITTEN, ("---",) * len(_WRITTEN), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return (
        "# Speed\n\n"
        f"{title(report)}. Times are medians of one call; a result is the median of what each block of calls gives, "
        f"the range that of the blocks. Versions: {versions}.\n\n{table}\n{notes(report)}"
    )


def notes(report: Report) -> str:
    """Say once for each bench why it was not measured."""
    said = dict.fromkeys(result.note for result in report.rows if result.note)
    return "".join(f"\nNot measured: {note}.\n" for note in said)


def main(raw: Path, out: Path) -> None:
    """Print the table; write it to a folder.

    Args:
        raw: JSON that pytest-benchmark wrote.
        out: folder for ``speed.json`` and ``speed.md``.
    """
    report = read(msgspec.json.decode(raw.read_bytes()))
    table = Table(*_PRINTED, title=title(report), box=SIMPLE)
    for result in report.rows:
        table.add_row(*(cells(result)[column] for column in _PRINTED))
    console = Console()
    console.print(table, notes(report), sep="")
    io.write_bytes(out / "speed.json", msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    io.write_bytes(out / "speed.md", as_markdown(report).encode())
    console.print(f"Written to {out}/speed.json and {out}/speed.md.")


if __name__ == "__main__":
    tyro.cli(main)
