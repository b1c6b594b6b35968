"""A model card: what a policy is, how it was made, and what it measured in its suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.result import Result

#: Metrics of the table.
COLUMNS: Final = ("EM", "pass@16", "grounded", "strategies_D2", "dominant_share", "searches")
#: Strategies that are named.
_NAMED: Final = 8


def card(name: str, summary: str, facts: Mapping[str, str], result: Result) -> str:
    """Return the card as Markdown.

    Args:
        name: of the policy.
        summary: what it is, in a sentence or two.
        facts: what it was made with, by heading.
        result: of the suite that the start is evaluated in.
    """
    lines = [f"# {name}", "", summary, "", *(f"- {head}: {text}" for head, text in facts.items()), ""]
    lines += [
        f"Suite `{result.suite}`, seed {result.seed}; 95 % intervals by bootstrap over questions. A dash: too few "
        "questions to say.",
        "",
        f"| cell | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    for cell in result.cells:
        lines.append(f"| {cell.label} | {' | '.join(_value(cell.metrics.get(column)) for column in COLUMNS)} |")
    return "\n".join([*lines, "", *_strategies(result), ""])


def _value(value: Value | None) -> str:
    if value is None or value.value is None:
        return "\u2013"
    interval = "" if value.low is None or value.high is None else f" [{value.low:.2f}, {value.high:.2f}]"
    return f"{value.value:.2f}{interval}"


def _strategies(result: Result) -> Iterator[str]:
    """Shares of the grounded successes of each plain cell."""
    yield "Strategies, share of grounded successes:"
    for number, cell in enumerate(result.cells):
        if cell.knockouts or cell.faults:
            continue
        counts: Counter[str] = Counter()
        for row in result.questions:
            if row.cell == number:
                counts.update(row.strategies)
        yield from ("", f"| {cell.label} | share |", "|---|---|")
        for strategy, count in counts.most_common(_NAMED):
            yield f"| {strategy} | {count / counts.total():.3f} |"
