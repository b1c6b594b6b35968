"""Numbers of the search page by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.benchmarks.studies.alphallm.numbers import (
    best_of,
    compared,
    expected_calibration_error,
    judge,
    reaching,
    ways,
)


def test_a_judge_by_hand():
    """Pairs good/bad: (.9, .2), (.9, .6), (.4, .2) right, (.4, .6) wrong: AUC 3/4.

    Brier (.01 + .36 + .04 + .36) / 4 = .1925, of a constant .25. Bins hold one each: ECE (.1 + .6 + .2 + .6) / 4.
    """
    found = judge(np.array([0.9, 0.4, 0.2, 0.6]), np.array([True, True, False, False]))
    assert (found.auc, found.n, found.good) == (0.75, 4, 0.5)
    assert found.brier == pytest.approx(0.1925) and found.brier_constant == 0.25 and found.ece == pytest.approx(0.375)
    assert judge(np.array([0.9]), np.array([True])).auc is None


def test_calibration_is_of_bins():
    """Two in one bin: mean .15 said, .5 happened; one in the last: 1.0 said and happened. (2 x .35 + 0) / 3."""
    found = expected_calibration_error(np.array([0.12, 0.18, 1.0]), np.array([True, False, True]))
    assert found == pytest.approx(0.7 / 3)


def test_best_of_n_by_hand():
    """Blocks of 2: chosen 1 (right), 2 (first of equals: wrong); the fifth is left over. Of 4: chosen 1. Of 1: all."""
    score = np.array([[0.1, 0.5, 0.3, 0.3, 0.9]])
    paid = np.array([[False, True, False, True, True]])
    assert best_of(score, paid, 2).tolist() == [0.5]
    assert best_of(score, paid, 4).tolist() == [1.0]
    assert best_of(score, paid, 1).tolist() == [0.6]


@pytest.mark.parametrize(("wanted", "count"), [(1, 1), (5, 1), (6, 2), (8, 2), (9, 3), (10, None)])
def test_at_least_as_many_tokens(wanted: int, count: int | None):
    assert reaching([5, 3, 1], wanted) == count
    assert reaching([], wanted) is None


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 500))
def test_no_fewer_and_not_one_too_many(tokens: list[int], wanted: int):
    count = reaching(tokens, wanted)
    if count is None:
        assert sum(tokens) < wanted
    else:
        assert sum(tokens[:count]) >= wanted > sum(tokens[: count - 1])


def test_differences_are_of_the_first_from_the_others():
    rows = {"tree": np.array([1.0] * 12), "plain": np.array([1.0, 0.0] * 6), "same": np.array([1.0] * 12)}
    right, difference = compared(rows, "tree", 0)
    assert {name: value.value for name, value in right.items()} == {"tree": 1.0, "plain": 0.5, "same": 1.0}
    assert difference.keys() == {"plain", "same"}
    assert difference["plain"].value == 0.5 and difference["plain"].better == "first"
    assert difference["same"].value == 0.0 and difference["same"].better == ""


def test_ways_by_hand():
    """Before, two of four ways alike at one question and all at another: 1 / .75; after, all: 1.

    The third question has too few successes after, the fourth before: neither is in the difference.
    """
    nan = float("nan")
    before, after = np.array([0.5, 1.0, 0.5, nan]), np.array([1.0, 1.0, nan, 0.2])
    found, lost = ways({"start": before, "tree": after}, 0)
    assert found["start"].value == pytest.approx(1 / (2 / 3)) and found["start"].n == 3
    assert found["tree"].value == pytest.approx(3 / 2.2)
    assert list(lost) == ["tree"] and lost["tree"].value == pytest.approx(1 / 0.75 - 1) and lost["tree"].n == 2


def test_ways_that_cannot_be_told():
    found, lost = ways({"start": np.array([np.nan, 0.5]), "tree": np.array([0.5, np.nan])}, 0)
    assert found["start"].n == 1 and lost["tree"].value is None
    assert ways({"start": np.array([0.0, 0.0])}, 0)[0]["start"].value is None, "infinitely many"
