"""Differences from the baseline over seeds and questions, and what is said of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from berrypick.agents.training.config import Config
from berrypick.benchmarks.result import QuestionResult, Result
from berrypick.benchmarks.studies.sweep import crossing, tables
from berrypick.benchmarks.studies.sweep.config import START, Trial
from berrypick.benchmarks.studies.sweep.trials import TrialState

CONFIG = Config("grpo", "tiny-diverse", "berrypick/Almanac-v0")
#: Right answers in ten, and how they divide among strategies.
Arm = tuple[int, dict[str, int]]
Ran = Callable[[Mapping[str, Arm], int], list[TrialState]]


@pytest.fixture
def ran(make_result: Callable[..., Result]) -> Ran:
    """``ran(arms, seeds)``: every question of an arm alike, in a plain cell and in one with a knock-out."""

    def trial(method: str, seed: int, arm: Arm) -> TrialState:
        run = make_result("lm:policy", 0.5)
        right, strategies = arm
        rows = [QuestionResult(0, f"q{n:02d}", "bridge", 2, 10, 0, right, (), strategies, {}) for n in range(40)]
        changed = replace(run.cells[0], knockouts=("no_open",))
        found = replace(run, cells=(run.cells[0], changed), questions=(*rows, *(replace(row, cell=1) for row in rows)))
        config = None if method == START else CONFIG
        return TrialState(Trial("text", method, seed, "collapse", "lm", "x", config), [], found, None)

    def build(arms: Mapping[str, Arm], seeds: int) -> list[TrialState]:
        return [trial(method, seed, arm) for method, arm in arms.items() for seed in range(seeds)]

    return build


ARMS: Mapping[str, Arm] = {
    START: (9, {"a": 9}),
    "grpo": (5, {"a": 5}),
    "wider": (5, {"a": 2, "b": 3}),
    "righter": (7, {"a": 7}),
    "wrong": (4, {"a": 4}),
}


def test_verdicts_follow_from_the_intervals(ran: Ran):
    """All seeds and questions of an arm are alike, so that intervals have no width."""
    found = {(one.method, one.cell, one.measure): one for one in crossing.comparisons(ran(ARMS, 3))}
    assert {method for method, _, _ in found} == {"wider", "righter", "wrong"}
    cells = list(dict.fromkeys(cell for _, cell, _ in found))
    assert len(cells) == 2 and cells[1] == f"{cells[0]} no_open"
    plain = {(method, measure): one for (method, cell, measure), one in found.items() if cell == cells[0]}
    assert plain["righter", "EM"].found.value == pytest.approx(0.2)
    assert [plain[method, "EM"].verdict for method in ("wider", "righter", "wrong")] == [
        "no effect", "better", "worse",
    ]  # fmt: skip
    # Pairs alike: (1 + 3) / 10 of five successes, so 2.5 strategies against 1; the others have 1 too.
    assert plain["wider", "strategies_D2"].found.value == pytest.approx(1.5)
    assert plain["wider", "strategies_D2"].verdict == "better"
    assert plain["righter", "strategies_D2"].verdict == "no effect"
    assert ("wider", cells[1], "strategies_D2") not in found, "strategies are compared in plain cells"


def test_one_seed_is_no_comparison(ran: Ran):
    assert crossing.comparisons(ran(ARMS, 1)) == []
    assert tables.crossed("caption", "note", []) == ""


def test_a_small_effect_with_a_wide_interval_is_undecided(ran: Ran):
    """Seeds of one arm are right 3, 5 and 8 times in ten: +0.03 in the mean, and nothing can be said."""
    runs = ran({"grpo": (5, {"a": 5})}, 3)
    for seed, right in enumerate((3, 5, 8)):
        runs += ran({"shaky": (right, {"a": right})}, 3)[seed : seed + 1]
    (one,) = [one for one in crossing.comparisons(runs) if one.measure == "EM" and "no_open" not in one.cell]
    assert one.verdict == "undecided" and one.found.value == pytest.approx(1 / 30)


def test_the_table_has_a_row_a_comparison(ran: Ran):
    runs = ran(ARMS, 2)
    rows = list(csv.DictReader(crossing.table({"text": runs}).splitlines()))
    assert len(rows) == len(crossing.comparisons(runs)) == 3 * (2 * 2 + 1)
    assert (rows[0]["seeds"], rows[0]["questions"], rows[0]["verdict"]) == ("2", "40", "no effect")
    page = tables.crossed("Against grpo", "note", crossing.comparisons(runs))
    assert "+0.200 [+0.200, +0.200] better" in page and "<th>righter</th>" in page
