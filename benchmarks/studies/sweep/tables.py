"""The tables of a sweep's page, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from berrypick.benchmarks.report import html
from berrypick.benchmarks.report.html import DASH, number
from berrypick.benchmarks.studies.sweep.crossing import Comparison
from berrypick.benchmarks.studies.sweep.pairs import Pair
from berrypick.benchmarks.studies.sweep.summary import NOTHING, Spread, SweepRow, better

#: Columns of a table of pairs: measure -> heading.
OF_PAIRS: Mapping[str, str] = {
    "EM_dev": "EM dev",
    "EM_test": "EM test",
    "strategies_D2_dev": "D2 dev",
    "strategies_D2_test": "D2 test",
    "ways_at_end": "ways, end of training",
    "route_coverage_test": "routes test",
    "resilience_mean": "left under knock-outs",
    "refined_right": "played once more: right",
    "never_dev": "never solved dev",
    "never_test": "never solved test",
}


def measured(caption: str, note: str, found: Sequence[SweepRow], names: Mapping[str, str]) -> str:
    """Measures of the methods of a track: means over seeds, with intervals and what is said of differences."""
    shown = {name: words for name, words in names.items() if any(name in row.measures for row in found)}
    if not shown:
        return ""
    head = "".join(f"<th>{escape(words).replace('_', '_<wbr>')}</th>" for words in shown.values())
    body = "".join(
        f"<tr><td>{escape(row.method)}</td><td>{_seeds(row)}</td>{''.join(_cell(row, name) for name in shown)}</tr>"
        for row in found
    )
    top = f"<caption>{escape(caption)} <span>{escape(note)}</span></caption>"
    return (
        f'<div class="scroll"><table>{top}<thead><tr><th>method</th><th>seeds</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _seeds(row: SweepRow) -> str:
    return str(row.runs) if row.runs == row.trials else f"{row.runs} of {row.trials}"


def _cell(row: SweepRow, name: str) -> str:
    of = row.measures.get(name, NOTHING)
    if of.value is None:
        return '<td class="blank">&ndash;</td>'
    mark = " q" if of.over == "questions" else ""
    interval = "" if of.low is None or of.high is None else f"{number(of.low)}&ndash;{number(of.high)}{mark}"
    fewer = f"<small>n = {of.n}</small>" if of.n < row.runs else ""
    return f"<td>{number(of.value)}<small>{interval}</small>{fewer}{_verdict(name, row.less.get(name, NOTHING))}</td>"


def _verdict(name: str, less: Spread) -> str:
    """Said only where the interval of the differences excludes 0."""
    if less.value is None or not less.sign:
        return ""
    word = {1: "better", -1: "worse", 0: "more" if less.sign > 0 else "less"}[less.sign * better(name)]
    return f'<small class="{word}">{less.value:+.2f} {word}</small>'


def crossed(caption: str, note: str, found: Sequence[Comparison]) -> str:
    """Differences over seeds and questions, a row a cell and measure, a column a method; nothing without any."""
    if not found:
        return ""
    methods = dict.fromkeys(one.method for one in found)
    places = dict.fromkeys((one.cell, one.measure) for one in found)
    cells = {(one.cell, one.measure, one.method): one for one in found}
    rows = [
        [cell, measure, *(_crossed(cells.get((cell, measure, method))) for method in methods)]
        for cell, measure in places
    ]
    most = max(one.found.seeds for one in found)
    return html.table(caption, f"{most} seeds; {note}", ["cell", "measure", *methods], rows)


def _crossed(one: Comparison | None) -> str:
    if one is None:
        return DASH
    low, high = one.found.interval
    return f"{one.found.value:+.3f} [{low:+.3f}, {high:+.3f}] {one.verdict}"


def paired(caption: str, note: str, pairs: Sequence[Pair]) -> str:
    """Differences over the seeds that both of a pair have; nothing where there are no pairs."""
    if not pairs:
        return ""
    shown = {name: words for name, words in OF_PAIRS.items() if any(name in pair.less for pair in pairs)}
    rows = []
    for pair in pairs:
        spreads = [pair.less.get(name, NOTHING) for name in shown]
        done = max((spread.n for spread in spreads), default=0)
        seeds = str(done) if done == pair.seeds else f"{done} of {pair.seeds}"
        rows.append([pair.what, pair.where, seeds, *map(_difference, spreads)])
    return html.table(caption, note, ["what", "on", "seeds", *shown.values()], rows)


def _difference(less: Spread) -> str:
    if less.value is None:
        return DASH
    ends = "" if less.low is None or less.high is None else f" [{less.low:+.2f}, {less.high:+.2f}]"
    return f"{less.value:+.2f}{ends}"
