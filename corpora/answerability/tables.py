"""The audit's figures as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from berrypick.corpora.answerability.audit import Audit

_GENRES = ("profile", "roster", "chronicle", "byname")
_FORMS = ("whole", "full", "full+words", "noun+full", "initial", "initial+words", "byname", "byname+words")


def tables(audit: Audit) -> list[Table]:
    """Kept questions, knock-outs, recall, and one matrix per engine."""
    found = [_kept(audit), _survivors(audit), _recall(audit), *(_matrix(audit, engine) for engine in audit.matrix)]
    return [table for table in found if table.row_count]  # a corpus without known evidence has only the first


def _kept(audit: Audit) -> Table:
    table = Table("family", title=f"{audit.corpus}: questions with a viable route")
    for column in ("kept", "questions", "share"):
        table.add_column(column, justify="right")
    for family, (good, total) in audit.kept.items():
        table.add_row(family, str(good), str(total), f"{good / total:.1%}")
    if len(audit.kept) > 1:
        good = sum(row[0] for row in audit.kept.values())
        table.add_row("all", str(good), str(len(audit.rows)), f"{audit.share:.1%}", end_section=True)
    two_hop = (
        "no two-hop question"
        if audit.routes_two_hop is None
        else f"{audit.routes_two_hop:.1f} routes a two-hop question"
    )
    unjudged = f"; {audit.unjudged} without known evidence" if audit.unjudged else ""
    table.caption = f"{two_hop}{unjudged}; {audit.seconds:.1f} s"
    return table


def _survivors(audit: Audit) -> Table:
    table = Table("knock-out", title="questions that keep a viable route")
    table.add_column("questions", justify="right")
    table.add_column("share of kept", justify="right")
    kept = sum(bool(row.routes) for row in audit.rows) or 1
    for name, count in audit.survivors.items():
        table.add_row(name, str(count), f"{count / kept:.1%}")
    if audit.survivors:
        table.add_row("each of them", str(audit.surviving_all), f"{audit.surviving_all / kept:.1%}")
    return table


def _recall(audit: Audit) -> Table:
    table = Table("engine", title="recall of gold documents, whole question as query")
    depths = list(next(iter(audit.recall.values()), {}))
    for depth in depths:
        table.add_column(f"R@{depth}", justify="right")
    for engine, row in audit.recall.items():
        table.add_row(engine, *(f"{row[depth]:.3f}" for depth in depths))
    return table


def _matrix(audit: Audit, engine: str) -> Table:
    rows = audit.matrix[engine]
    found = {genre for row in rows.values() for genre in row}
    genres = [genre for genre in _GENRES if genre in found] + sorted(found - set(_GENRES))
    table = Table(title=f"{engine}: hop recall@{audit.topk} by query form and genre")
    table.add_column("query form", no_wrap=True)
    for genre in genres:
        table.add_column(genre, justify="right", overflow="fold")
    forms = [form for form in _FORMS if form in rows]
    for form in (*forms, *sorted(rows.keys() - set(forms))):
        table.add_row(form, *(f"{rows[form][genre]:.2f}" if genre in rows[form] else "" for genre in genres))
    return table
