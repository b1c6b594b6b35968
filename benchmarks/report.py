"""``report.html``, which needs nothing but itself, and the pictures as PNG files beside it."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files as resources
from pathlib import Path
from string import Template
from typing import Final

from berrypick import files
from berrypick.benchmarks import plots
from berrypick.benchmarks.metrics import METRICS, Value
from berrypick.benchmarks.result import BLANK, CellResult, Result

Metrics = Mapping[str, Value]

REPORT: Final = "report.html"
TABLE: Final = "metrics.csv"

#: Columns of a table, in order; those that every agent leaves blank are left out.
COLUMNS: Final = (
    "EM",
    "grounded",
    "pass@16",
    "strategies_D2",
    "strategies_D1",
    "dominant_share",
    "route_coverage",
    "evidence_diversity",
    "hop_recall",
    "searches",
    "opens",
    "invalid",
    "unsupported",
)

#: Picture -> heading, how to read it.
READING: Final[dict[str, tuple[str, str]]] = {
    "accuracy_against_strategies": (
        "Right, and in how many ways",
        "Further up is more often right with the evidence on display; further right is more ways of searching in use, "
        "so a point at 1 always searches the same way, however good it is. Lines through a point are 95 % intervals.",
    ),
    "strategy_shares": (
        "Which ways of searching",
        "Left, how an agent's grounded successes on one question divide among strategies, averaged over questions: one "
        "dark bar is an agent that always finds the answer the same way. Right, what those ways are made of: the moves "
        "that brought evidence, by tool and by the least part of the query that was needed.",
    ),
    "pass_at_k": (
        "What more attempts bring",
        "The curve says how likely it is that at least one of k attempts at a question is right. A flat curve does the "
        "same thing every time; a rising one has other ways, and some of them work where the first did not.",
    ),
    "searches_against_hops": (
        "What a question costs",
        "Mean number of searches in an episode, by the number of facts that the answer rests on. A line that does not "
        "rise belongs to an agent that gives up, or that gets by without searching.",
    ),
}


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
    template = Template((resources("berrypick.benchmarks") / "templates" / REPORT).read_text())
    return template.substitute(
        title=escape(title(runs)),
        facts=escape(facts(runs)),
        headline="".join(drawn[:1]),
        tables="\n".join(_tables(runs)),
        pictures="\n".join(drawn[1:]),
        glossary="".join(f"<dt>{escape(name)}</dt><dd>{escape(METRICS.help(name))}</dd>" for name in _used(runs)),
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
    sizes = {f"{cell.label}: {cell.tasks} questions x {cell.rollouts} rollouts" for run in runs for cell in run.cells}
    errors = sum(run.errors for run in runs)
    failed = f" {errors} rollouts failed and count as misses." if errors else ""
    suite, seed = _listed(run.suite for run in runs), _listed(str(run.seed) for run in runs)
    return f"Suite {suite}, seed {seed}. {'; '.join(sorted(sizes))}. Intervals: 95 %, bootstrap over questions.{failed}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def cells_of(runs: Sequence[Result]) -> list[str]:
    """Labels of the cells of all runs, in order of first mention."""
    return list(dict.fromkeys(cell.label for run in runs for cell in run.cells))


def cell_of(run: Result, label: str) -> CellResult | None:
    """A run's cell of that label; None where it has none."""
    return next((cell for cell in run.cells if cell.label == label), None)


def _used(runs: Sequence[Result]) -> list[str]:
    values = [cell.metrics for run in runs for cell in run.cells]
    return [name for name in COLUMNS if any(metrics.get(name, BLANK).value is not None for metrics in values)]


def _tables(runs: Sequence[Result]) -> Iterable[str]:
    labels = cells_of(runs)
    for label in labels:
        tasks = max(cell.tasks for run in runs for cell in run.cells if cell.label == label)
        rows = [(run.agent, cell_of(run, label)) for run in runs]
        shown = [(agent, cell.metrics if cell and cell.readable else None) for agent, cell in rows]
        yield _table(label, tasks, shown, _used(runs))
    if len(labels) > 1:
        tasks = max(sum(cell.tasks for cell in run.cells if cell.plain) for run in runs)
        yield _table("Mean over cells", tasks, [(run.agent, run.metrics) for run in runs], _used(runs))


def _table(label: str, tasks: int, rows: Sequence[tuple[str, Metrics | None]], columns: Sequence[str]) -> str:
    head = "".join(f'<th title="{escape(METRICS.help(name))}">{_breakable(name)}</th>' for name in columns)
    body = "".join(f"<tr><td>{escape(agent)}</td>{_cells(metrics, tasks, columns)}</tr>" for agent, metrics in rows)
    caption = f"<caption>{escape(label)} <span>n = {tasks} questions unless a cell says otherwise</span></caption>"
    head = f"<thead><tr><th>agent</th>{head}</tr></thead>"
    return f'<div class="scroll"><table>{caption}{head}<tbody>{body}</tbody></table></div>'


def _cells(metrics: Metrics | None, tasks: int, columns: Sequence[str]) -> str:
    if metrics is None:
        return f'<td class="blank" colspan="{len(columns)}">does not read this corpus</td>'
    return "".join(_cell(metrics.get(name, BLANK), tasks) for name in columns)


def _breakable(name: str) -> str:
    return escape(name).replace("_", "_<wbr>")


def _cell(value: Value, tasks: int) -> str:
    n = "" if value.n == tasks else f"<small>n = {value.n}</small>"
    if value.value is None:
        return f'<td class="blank">&ndash;{n}</td>'
    interval = "" if value.low is None or value.high is None else f"{number(value.low)}&ndash;{number(value.high)}"
    return f"<td>{number(value.value)}<small>{interval}</small>{n}</td>"


def number(value: float | None) -> str:
    """Two decimals; a dash where there is no value."""
    return "\u2013" if value is None else f"{value:.2f}"


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
