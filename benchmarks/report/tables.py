"""The tables of a report: one for each plain cell, their mean, and one for all that was changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.metrics.robustness import MEASURES
from berrypick.benchmarks.metrics.table import METRICS, Value
from berrypick.benchmarks.report import columns
from berrypick.benchmarks.report.columns import Column
from berrypick.benchmarks.result import BLANK, CellResult, Result
from berrypick.envs.perturbations.knockouts import is_dominant_move

Metrics = Mapping[str, Value]

#: Columns of a table, in order; those that every agent leaves blank are left out.
COLUMNS: Final = (
    "EM",
    "grounded",
    "pass@16",
    "pass@(16,4)",
    "strategies_D2",
    ceilings.NAME,
    "determinism",
    "strategies_D1",
    "vendi",
    "dominant_share",
    "route_coverage",
    "evidence_diversity",
    "adaptivity",
    "hop_recall",
    "searches",
    "opens",
    "invalid",
    "unsupported",
)
#: Columns over all changed cells, before those of each.
OVERALL: Final = ("resilience_mean", "resilience_worst")


def tables(runs: Sequence[Result]) -> Iterable[str]:
    """Yield the tables as HTML."""
    plain = columns.plain(runs)
    for column in plain:
        rows = [(run.agent, column.cells.get(run.agent)) for run in runs]
        shown = [(agent, ceilings.with_share(cell) if cell and cell.readable else None) for agent, cell in rows]
        yield _table(column.label, column.tasks, shown, _used(runs), ceiling(column))
    if len(plain) > 1:
        tasks = max(sum(cell.tasks for cell in run.cells if cell.plain) for run in runs)
        yield _table("Mean over cells", tasks, [(run.agent, run.metrics) for run in runs], _used(runs))
    changed = columns.changed(runs)
    if changed:
        yield _changes(runs, changed)
        yield from _absolute(runs, changed)


def glossary(runs: Sequence[Result]) -> Iterable[tuple[str, str]]:
    """Yield name and help of what the tables show."""
    yield from ((name, _help(name)) for name in _used(runs))
    if columns.changed(runs):
        yield from ((name, MEASURES.help(name)) for name in MEASURES)


def number(value: float | None) -> str:
    """Two decimals; a dash where there is no value."""
    return "\u2013" if value is None else f"{value:.2f}"


def ceiling(column: Column) -> str:
    """The ceiling of strategies_D2 in a cell, in words; "" where none was measured."""
    found = next(filter(None, map(ceilings.ceiling_of, column.cells.values())), None)
    return f"ceiling of strategies_D2: {number(found.value)} ({ceilings.AGENT})" if found else ""


def _help(name: str) -> str:
    return ceilings.HELP if name == ceilings.NAME else METRICS.help(name)


def _used(runs: Sequence[Result]) -> list[str]:
    values = [ceilings.with_share(cell) for run in runs for cell in run.cells if cell.plain]
    return [name for name in COLUMNS if any(metrics.get(name, BLANK).value is not None for metrics in values)]


def _table(
    label: str, tasks: int, rows: Sequence[tuple[str, Metrics | None]], shown: Sequence[str], note: str = ""
) -> str:
    head = [_head(name, _help(name)) for name in shown]
    body = [f"<td>{escape(agent)}</td>{_cells(metrics, tasks, shown)}" for agent, metrics in rows]
    asked = f"n = {tasks} questions unless a cell says otherwise"
    return _html(label, f"{asked}; {note}" if note else asked, head, body)


def _changes(runs: Sequence[Result], changed: Sequence[Column]) -> str:
    """EM of each cell with what was kept of it; the two means first."""
    overall = [name for name in OVERALL if any(run.metrics.get(name, BLANK).value is not None for run in runs)]
    alone = len({column.where for column in changed}) == 1
    head = [_head(name, MEASURES.help(name)) for name in overall]
    head += [_head((column.change or "plain") if alone else column.label, "EM, and resilience") for column in changed]
    body = []
    for run in runs:
        cells = [_cell(run.metrics.get(name, BLANK), run.metrics.get(name, BLANK).n) for name in overall]
        cells += [_change(column.cells.get(run.agent)) for column in changed]
        body.append(f"<td>{escape(run.agent)}</td>{''.join(cells)}")
    what = "EM of each cell, and the share of the plain EM that is retained under the knock-out"
    return _html("Plain and changed", what, head, body)


def _change(cell: CellResult | None) -> str:
    if cell is None or not cell.readable:
        return '<td class="blank">&ndash;</td>'
    kept = cell.metrics.get("resilience", BLANK)
    below = f"<small>retained {number(kept.value)}</small>" if kept.value is not None else ""
    refused = next((name for name in cell.setup.get("knockouts", ()) if is_dominant_move(name)), "")
    below += f"<small>{escape(refused.partition(':')[2])}</small>" if refused else ""
    return f"<td>{number(cell.metrics.get('EM', BLANK).value)}{below}</td>"


def _absolute(runs: Sequence[Result], changed: Sequence[Column]) -> Iterable[str]:
    """EM under each knock-out with its interval, and below it EM_K / EM_0 with its own; nothing without knock-outs."""
    shown = [column for column in changed if any("resilience" in cell.metrics for cell in column.cells.values())]
    if not shown:
        return
    alone = len({column.where for column in shown}) == 1
    head = [_head(column.change if alone else column.label, MEASURES.help("retained_accuracy")) for column in shown]
    body = []
    for run in runs:
        cells = [column.cells.get(run.agent) for column in shown]
        body.append(f"<td>{escape(run.agent)}</td>{''.join(map(_em_under, cells))}")
    yield _html("EM under knock-outs", "EM_K with its interval; below it EM_K / EM_0", head, body)


def _em_under(cell: CellResult | None) -> str:
    if cell is None or not cell.readable:
        return '<td class="blank">&ndash;</td>'
    right, ratio = cell.metrics.get("EM", BLANK), cell.metrics.get("retained_accuracy", BLANK)
    below = f"<small>{number(right.low)}&ndash;{number(right.high)}</small>"
    if ratio.value is not None:
        below += f"<small>/ EM_0 {number(ratio.value)} ({number(ratio.low)}&ndash;{number(ratio.high)})</small>"
    return f"<td>{number(right.value)}{below}</td>"


def _html(caption: str, note: str, head: Sequence[str], body: Sequence[str]) -> str:
    rows = "".join(f"<tr>{row}</tr>" for row in body)
    top = f"<caption>{escape(caption)} <span>{escape(note)}</span></caption>"
    top += f"<thead><tr><th>agent</th>{''.join(head)}</tr></thead>"
    return f'<div class="scroll"><table>{top}<tbody>{rows}</tbody></table></div>'


def _head(name: str, meaning: str) -> str:
    breakable = escape(name).replace("_", "_<wbr>").replace("@", "@<wbr>")
    return f'<th title="{escape(meaning)}">{breakable}</th>'


def _cells(metrics: Metrics | None, tasks: int, shown: Sequence[str]) -> str:
    if metrics is None:
        return f'<td class="blank" colspan="{len(shown)}">does not read this corpus</td>'
    return "".join(_cell(metrics.get(name, BLANK), tasks) for name in shown)


def _cell(value: Value, tasks: int) -> str:
    n = "" if value.n == tasks else f"<small>n = {value.n}</small>"
    if value.value is None:
        return f'<td class="blank">&ndash;{n}</td>'
    interval = "" if value.low is None or value.high is None else f"{number(value.low)}&ndash;{number(value.high)}"
    return f"<td>{number(value.value)}<small>{interval}</small>{n}</td>"
