"""The report: whole in itself, honest about what is blank, safe with foreign names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks.metrics.robustness import MEASURES
from berrypick.benchmarks.report import page as report_page
from berrypick.benchmarks.result import Result


class Tags(HTMLParser):
    """Collects what a page loads, and checks that tags close in order."""

    VOID = ("wbr", "meta", "img", "br", "hr", "link", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(many: list[Result], drawn: dict[str, bytes]) -> str:
    return report_page.render(many, drawn)


def test_the_page_is_well_formed_and_loads_nothing(page: str):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.loads) == 5 and all(source.startswith("data:image/png;base64,") for source in tags.loads)
    assert not re.search(r"https?://|<script|@import|url\(", page)


def test_every_agent_cell_and_number_is_there(page: str, many: list[Result]):
    text = re.sub(r"<[^>]+>", " ", re.sub(r"data:image[^\"]+", "", page))
    for run in many:
        assert text.count(run.agent) >= 4  # two cells, their mean, provenance
    assert "Almanac" in text and "Factbook" in text and "Mean over cells" in text
    assert "Suite quick, seed 0. Almanac: 60 questions x 16 rollouts" in text
    # EM of oracle is 1.0 with the made-up interval 0.94 to 1.06.
    assert "1.00 0.94&ndash;1.06" in re.sub(r"\s+", " ", text)


def test_blank_is_a_dash_with_its_n(many: list[Result], page: str):
    row = re.search(r"<tr><td>random</td>.*?</tr>", page)
    assert row and '<td class="blank">&ndash;<small>n = 7</small></td>' in row[0]


def test_pictures_and_numbers_lie_beside_the_page(make_result: Callable[..., Result], tmp_path: Path):
    assert report_page.write([make_result("mixture", 0.5)], tmp_path) == tmp_path / "report.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "accuracy_against_strategies.png",
        "metrics.csv",
        "pass_at_k.png",
        "pass_within.png",
        "report.html",
        "searches_against_hops.png",
        "strategy_shares.png",
    ]


def test_foreign_names_are_text_not_markup(make_result: Callable[..., Result]):
    run = make_result("lm:<script>alert(1)</script>", 0.5)
    page = report_page.render([run], {"pass_at_k": b""})
    assert "<script>" not in page and "lm:&lt;script&gt;" in page


def test_failed_rollouts_are_said(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    broken = msgspec.structs.replace(run.cells[0], errors=3)
    assert "3 rollouts failed and count as misses." in report_page.facts(
        [msgspec.structs.replace(run, cells=(broken,))]
    )


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_changed_cells_stand_in_one_table(robust: list[Result]):
    page = report_page.render(robust, {})
    assert page.count("<table>") == 3, "the plain cell, all that was changed, and EM under knock-outs"
    table = re.findall(r"<table>.*?</table>", page)[1]
    assert text_of(table).startswith(" Plain and changed ")
    heads = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", table)
    assert [head.replace("<wbr>", "") for head in heads] == [
        "agent", "resilience_mean", "resilience_worst", "plain", "no_profile", "no_bm25", "no_open", "no_favourite",
        "renamed", "reworded", "empty", "dropout:0.5",
    ]  # fmt: skip
    row = re.search(r"<tr><td>scripted:names-only</td>.*?</tr>", table)
    # Mean of 1, 0, 1, 1; EM .5 where nothing is lost, 0 without bm25, half of .5 under shifts and faults.
    assert (
        row
        and re.sub(r"n = \d+ ", "", text_of(row[0])).split()
        == (
            "scripted:names-only 0.75 0.69&ndash;0.81 0.00 0.00&ndash;0.06 0.50 0.50 retained 1.00 0.00 retained 0.00 "
            "0.50 retained 1.00 0.50 retained 1.00 bm25/names:full 0.25 0.25 0.25 0.25"
        ).split()
    )
    assert "resilience_worst" in page and MEASURES.help("comprehension") in page


def test_facts_stay_short_with_many_cells(robust: list[Result]):
    assert report_page.facts(robust) == (
        "Suite robust, seed 0. Almanac: 60 questions x 16 rollouts. Plain and under 8 changes. "
        "Intervals: 95 %, bootstrap over questions."
    )


def test_metrics_csv_holds_every_number_once(many: list[Result]):
    rows = list(csv.DictReader(io.StringIO(report_page.metrics_csv(many))))
    assert len(rows) == sum(len(run.metrics) + sum(len(cell.metrics) for cell in run.cells) for run in many)
    keys = [(row["agent"], row["cell"], row["metric"]) for row in rows]
    assert len(set(keys)) == len(keys)
    oracle = next(row for row in rows if (row["agent"], row["cell"], row["metric"]) == ("oracle", "Almanac", "EM"))
    assert (oracle["value"], oracle["low"], oracle["high"]) == ("1.0000", "0.9400", "1.0600")
    blank = next(row for row in rows if (row["agent"], row["metric"]) == ("random", "strategies_D2"))
    assert blank["value"] == blank["low"] == blank["high"] == ""
