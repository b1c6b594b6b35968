"""``index.html`` of the board: one file that asks nothing of any network.

All that submitters wrote is escaped, and the page's policy lets no style and no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files as resources
from string import Template
from typing import Final

from berrypick.benchmarks.metrics.robustness import MEASURES
from berrypick.benchmarks.metrics.table import METRICS, Value
from berrypick.benchmarks.report import html
from berrypick.benchmarks.report.html import DASH, number
from berrypick.leaderboard.board.details import details
from berrypick.leaderboard.board.groups import COLUMNS, FRONT, BoardRow, Group
from berrypick.leaderboard.board.heatmap import HEAT, heat
from berrypick.leaderboard.board.html_parts import marks, scroll
from berrypick.leaderboard.board.scatter import plot
from berrypick.leaderboard.board.tables import against

_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def page(groups: Sequence[Group]) -> str:
    """The page as text."""
    folder = resources(__package__) / "templates"
    template, script = (folder / "board.html").read_text(), (folder / "board.js").read_text()
    known = {"style": html.style(), "heat": HEAT, "script": script}
    styles = _STYLE.findall(Template(template).safe_substitute(known))
    return Template(template).substitute(
        known,
        policy=_policy(styles, script),
        facts=_facts(groups),
        front=" &times; ".join(f"<code>{escape(name)}</code>" for name in FRONT),
        controls=_controls(groups) if groups else "",
        groups="\n".join(map(_section, groups)),
        glossary="".join(f"<dt>{escape(name)}</dt><dd>{escape(_meaning(name))}</dd>" for name in _shown(groups)),
    )


def _policy(styles: Sequence[str], script: str) -> str:
    """What the page may do: show itself, with these styles and this script."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (*styles, script)]
    allowed = [f"'sha256-{digest}'" for digest in digests]
    return (
        f"default-src 'none'; style-src {' '.join(allowed[:-1])}; script-src {allowed[-1]}; "
        "base-uri 'none'; form-action 'none'"
    )


def _facts(groups: Sequence[Group]) -> str:
    if not groups:
        return "No submissions yet; <code>berrypick submit</code> makes one."
    count = sum(len(group.rows) for group in groups)
    return f"Submissions: {count}. Numbers of different tables ({len(groups)} here) cannot be compared."


def _shown(groups: Sequence[Group]) -> list[str]:
    columns = [group.columns() for group in groups]
    return [name for name in COLUMNS if not groups or any(name in several for several in columns)]


def _meaning(name: str) -> str:
    return METRICS.help(name) if name in METRICS else MEASURES.help(name)


def _controls(groups: Sequence[Group]) -> str:
    suites = list(dict.fromkeys(group.suite for group in groups))
    tiers = sorted({row.tier for group in groups for row in group.rows})
    return (
        '<form aria-label="Filter"><label>find <input name="words" type="search" autocomplete="off"></label>'
        f"{_choice('suite', suites)}{_choice('tier', tiers)}"
        '<label><input name="front" type="checkbox"> Pareto front only</label>'
        '<output aria-live="polite"></output><span>Anchors are always shown.</span></form>'
    )


def _choice(name: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{escape(value)}">{escape(value)}</option>' for value in values)
    return f'<label>{name} <select name="{name}"><option value="">all</option>{options}</select></label>'


def _section(group: Group) -> str:
    head = f"<h2>{escape(group.title)} <small>fingerprint {group.key}</small></h2>"
    return (
        f'<section data-suite="{escape(group.suite)}">{head}{_table(group)}<h3>Right, and in how many ways</h3>'
        "<p>Further up is more often right; further right is more strategies in use. The dashed line joins what "
        f"no other row exceeds in both. Grey: anchors; hollow: ceilings.</p>{scroll(plot(group), 'picture')}"
        f"{heat(group)}<h3>Each row</h3>{''.join(details(group, row) for row in group.rows)}</section>"
    )


def _table(group: Group) -> str:
    metrics = group.columns()
    heads = [_head("submission", "text", "ascending", "")]
    for name in metrics:
        more = COLUMNS[name][1]
        heads.append(_head(name, "number", "descending" if more else "ascending", _meaning(name)))
    heads.append(_head("missing", "number", "ascending", "episodes that failed or are not there, over all cells"))
    heads += [
        _head("tier", "text", "ascending", "as claimed; reproduced: given by a maintainer"),
        "<th>EM of the row named, less this row's</th>",
    ]
    rows = "".join(_row(group, row, metrics) for row in group.rows)
    top = f"<thead><tr>{''.join(heads)}</tr></thead>"
    return scroll(f'<table class="board">{top}<tbody>{rows}</tbody></table>', f"table of {group.title}")


def _head(name: str, kind: str, first: str, meaning: str) -> str:
    breakable = escape(name).replace("_", "_<wbr>").replace("@", "@<wbr>")
    sort = f' aria-sort="{first}"' if name == "EM" else ""
    return (
        f'<th data-kind="{kind}" data-first="{first}" title="{escape(meaning)}"{sort}>'
        f'<button type="button">{breakable}</button></th>'
    )


def _row(group: Group, row: BoardRow, metrics: Sequence[str]) -> str:
    entry = row.entry
    name = f'<td data-v="{escape(entry.name)}">'
    name += '<span class="pareto" title="on the Pareto front">&#9670;</span>' if entry.name in group.front else ""
    badge = '<span class="badge">anchor</span>' if row.anchor else ""
    name += f"{escape(entry.name)}<small>{escape(entry.agent)}{badge}</small></td>"
    cells = "".join(_cell(row.value(metric), COLUMNS[metric][0]) for metric in metrics)
    tier = f'<td data-v="{escape(row.tier)}">{escape(row.tier)}</td>'
    missing = f'<td data-v="{row.missing}">{row.missing}</td>'
    above = f'<td class="above" data-v="">{escape(against(group, row))}</td>'
    return f"<tr {marks(group, row)}>{name}{cells}{missing}{tier}{above}</tr>"


def _cell(value: Value, digits: int) -> str:
    if value.value is None:
        return f'<td class="blank" data-v="">{DASH}</td>'
    ends = (
        ""
        if value.low is None or value.high is None
        else f"{number(value.low, digits)}{DASH}{number(value.high, digits)}"
    )
    return f'<td data-v="{value.value:.6f}">{number(value.value, digits)}<small>{ends}</small></td>'
