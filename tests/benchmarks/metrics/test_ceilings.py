"""Ceilings of strategies_D2: looked up by cell, and shares of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.benchmarks.metrics import ceilings
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.metrics.ceilings import Ceiling, ceiling_of, share, with_share
from berrypick.benchmarks.result import CellResult
from berrypick.benchmarks.suites import SINGLE, cells_of

ENV = "berrypick/Almanac-v0"


def ceiling(value: float, n: int = 100, knockouts: tuple[str, ...] = ()) -> Ceiling:
    return Ceiling(ENV, "almanac-even", "test", knockouts, value, None, None, n, "bench")


def cell(knockouts: tuple[str, ...] = (), faults: tuple[str, ...] = (), ways: float = 2.0) -> CellResult:
    metrics = {"strategies_D2": Value(ways, ways - 0.5, ways + 0.5, 90)}
    setup = {"corpus": "almanac-even", "split": "test", "knockouts": knockouts}
    return CellResult(ENV, knockouts, faults, 100, 8, True, 0, setup, metrics)


def test_the_share_goes_from_one_strategy_to_the_ceiling():
    assert share(Value(2.0, 1.5, None, 90), ceiling(5.0)) == Value(0.25, 0.125, None, 90)
    assert share(Value(1.0, 1.0, 1.0, 90), ceiling(5.0)).value == 0.0
    assert share(Value(5.0, None, None, 90), ceiling(5.0)).value == 1.0


def test_there_is_no_share_without_a_ceiling_or_strategies():
    blank = Value(None, None, None, 90)
    assert share(Value(2.0, 1.5, 2.5, 90), None) == blank
    assert share(Value(2.0, 1.5, 2.5, 90), ceiling(1.0)) == blank
    assert share(blank, ceiling(5.0)) == blank


def test_ceilings_are_written_once_a_cell_on_most_questions(tmp_path: Path):
    path = tmp_path / "ceilings.json"
    ceilings.write(path, [ceiling(4.0), ceiling(5.0, n=300), ceiling(3.0, knockouts=("no_open",))])
    assert [(found.value, found.n) for found in ceilings.read(path)] == [(3.0, 100), (5.0, 300)]


def test_every_cell_of_the_studies_has_a_ceiling_of_its_own():
    plain = ceiling_of(cell())
    assert plain is not None and plain.value > 3, "in even worlds scripts differ by three strategies at least"
    assert {ceiling_of(cell((name,))).value for name in SINGLE} - {plain.value}
    assert ceiling_of(cell(faults=("empty",))) is None
    for suite in ("collapse-v1", "collapse-even", "collapse-even-brief"):
        for each in cells_of(suite):
            made = each.make()
            row = CellResult(each.env, each.knockouts, (), 100, 8, True, 0, made, {})
            assert ceiling_of(row) is not None, each.label


def test_a_cell_gets_its_share_beside_its_strategies():
    found = with_share(cell(ways=2.0))
    top = ceiling_of(cell())
    assert top is not None and found[ceilings.NAME].value == pytest.approx(1 / (top.value - 1))
    assert ceilings.NAME not in with_share(cell(faults=("empty",)))


def test_training_has_the_ceiling_of_dev_worlds():
    even = ceilings.ceiling_of_training(ENV, {"split": "train", "corpus": "almanac-even", "worlds": 8})
    skewed = ceilings.ceiling_of_training(ENV, {"split": "train"})
    assert even is not None and (even.corpus, even.split) == ("almanac-even", "dev")
    assert skewed is not None and (skewed.corpus, skewed.split) == ("almanac-small", "dev")
    assert ceilings.ceiling_of_training("berrypick/AlmanacDiscrete-v0", {}) is None
    assert ceilings.ceiling_of_training("mine/Search-v0", {}) is None
