"""``report.html``, which needs nothing but itself, and the pictures as PNG files beside it."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from berrypick import io as files
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.report import html, plots, tables
from berrypick.benchmarks.report.plots import READING
from berrypick.benchmarks.result import Result

REPORT: Final = "report.html"
TABLE: Final = "metrics.csv"


def write(runs: Sequence[Result], folder: Path) -> Path:
    """Write the report, its pictures and ``metrics.csv`` into a folder; returns the path of ``report.html``."""
    files.write_bytes(folder / TABLE, metrics_csv(runs).encode())
    pictures = plots.draw_all(runs)
    for name, png in pictures.items():
        files.write_bytes(folder / f"{name}.png", png)
    files.write_bytes(folder / REPORT, render(runs, pictures).encode())
    return folder / REPORT


def render(runs: Sequence[Result], pictures: dict[str, bytes]) -> str:
    """The page as text."""
    drawn = [_picture(name, png, facts(runs)) for name, png in pictures.items()]
    return html.template(REPORT).substitute(
        title=escape(title(runs)),
        facts=escape(facts(runs)),
        headline="".join(drawn[:1]),
        tables="\n".join(tables.tables(runs)),
        pictures="\n".join(drawn[1:]),
        glossary="".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in tables.glossary(runs)),
        provenance="\n".join(_provenance(run) for run in runs),
    )


def metrics_csv(runs: Sequence[Result]) -> str:
    """Every number of the report, one a line; the cell "" is the mean over cells. Blank where there is no value."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("agent", "suite", "seed", "cell", "metric", "value", "low", "high", "n"))
    for run in runs:
        for label, metrics in (("", run.metrics), *((cell.label, cell.metrics) for cell in run.cells)):
            for name, (value, low, high, n) in sorted((name, _rounded(value)) for name, value in metrics.items()):
                lines.writerow((run.agent, run.suite, run.seed, label, name, value, low, high, n))
    return text.getvalue()


def _rounded(value: Value) -> tuple[str, str, str, int]:
    low_to_high = (value.value, value.low, value.high)
    first, low, high = ("" if part is None else f"{part:.4f}" for part in low_to_high)
    return first, low, high, value.n


def title(runs: Sequence[Result]) -> str:
    """What the report is about."""
    suites = _listed(run.suite for run in runs)
    return f"{runs[0].agent}: suite {suites}" if len(runs) == 1 else f"{len(runs)} agents: suite {suites}"


def facts(runs: Sequence[Result]) -> str:
    """Suite, seed and sizes, in one line."""
    sizes = {f"{cell.where}: {cell.tasks} questions x {cell.rollouts} rollouts" for run in runs for cell in run.cells}
    changes = len({cell.change for run in runs for cell in run.cells} - {""})
    under = f" Plain and under {changes} changes." if changes > 1 else " Plain and changed." if changes else ""
    errors = sum(run.errors for run in runs)
    failed = f" {errors} rollouts failed and count as misses." if errors else ""
    suite, seed = _listed(run.suite for run in runs), _listed(str(run.seed) for run in runs)
    asked = f"{'; '.join(sorted(sizes))}.{under}"
    barred = "".join(f" This is {reason}." for reason in dict.fromkeys(run.barred for run in runs) if reason)
    return f"Suite {suite}, seed {seed}. {asked} Intervals: 95 %, bootstrap over questions.{failed}{barred}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _picture(name: str, png: bytes, caption: str) -> str:
    heading, reading = READING[name]
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    image = f'<img src="{source}" alt="{escape(heading)}">'
    return (
        f"<h2>{escape(heading)}</h2><p>{escape(reading)}</p>"
        f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _provenance(run: Result) -> str:
    source = run.provenance
    commit = source.commit or "not run from a source tree"
    rows = {
        "command": source.command,
        "commit": commit + (" with uncommitted changes" if source.dirty else ""),
        "versions": ", ".join(f"{name} {version}" for name, version in source.versions.items()),
        "device": ", ".join(source.device.values()),
        "started": str(source.times.get("started", "")),
        "failed rollouts": str(run.errors),
        **source.fingerprints,
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>" for name, value in rows.items())
    return f"<details><summary>{escape(run.agent)}</summary><dl>{listed}</dl></details>"
