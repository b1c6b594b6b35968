"""The one way in which all engines order, mask and remember, against a fetch that is as awkward as allowed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.corpora.engines.ranking import Rankings
from berrypick.records import Hit


class Fetch:
    """Serves the best raw scores in no particular order, and counts what it is asked."""

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores
        self.limits: list[int] = []

    def __call__(self, limit: int) -> list[tuple[float, int]]:
        self.limits.append(limit)
        best = sorted(((score, position) for position, score in enumerate(self.scores)), reverse=True)[:limit]
        random.Random(0).shuffle(best)
        return best


def expected(scores: list[float]) -> list[Hit]:
    order = sorted(range(len(scores)), key=lambda position: (-round(scores[position], 4), position))
    return [Hit(position, round(scores[position], 4)) for position in order if round(scores[position], 4) > 0]


def test_scores_that_round_alike_are_fetched_to_the_last_of_them():
    """Raw order is 29 ... 0; all are 1.0 to four digits, so by position 0 comes first however few are asked for."""
    fetch = Fetch([1 + position * 1e-7 for position in range(30)])
    assert Rankings(30).top("q", 1, fetch) == [Hit(0, 1.0)]
    assert fetch.limits == [5, 20, 30]


def test_a_group_that_ends_within_what_was_fetched_needs_no_more():
    fetch = Fetch([0.5, 0.9, 0.9, 0.9, 0.1, 0.2, 0.3, 0.4])
    assert Rankings(8).top("q", 3, fetch) == [Hit(1, 0.9), Hit(2, 0.9), Hit(3, 0.9)]
    assert fetch.limits == [7]


@settings(max_examples=200, deadline=None)
@given(
    scores=st.lists(
        st.sampled_from([-0.3, 0.0, 0.00004, 0.00006, 0.2, 0.20001, 0.7, 0.70004, 0.70006, 3.0]),
        min_size=1,
        max_size=60,
    ),
    asked=st.lists(st.tuples(st.integers(1, 70), st.sets(st.integers(0, 59))), min_size=1, max_size=5),
)
def test_any_sequence_of_requests_gives_heads_of_one_list(scores: list[float], asked: list[tuple[int, set[int]]]):
    rankings, fetch = Rankings(len(scores)), Fetch(scores)
    for k, hidden in asked:
        mask = np.isin(np.arange(len(scores)), list(hidden))
        kept = [hit for hit in expected(scores) if hit.index not in hidden]
        assert rankings.top("q", k, fetch, mask) == kept[:k]
        assert rankings.top("q", k, fetch) == expected(scores)[:k]


def test_what_is_known_is_not_fetched_again():
    rankings, fetch = Rankings(1000), Fetch([1 / (position + 1) for position in range(100)] + [0.0] * 900)
    rankings.top("q", 3, fetch)
    rankings.top("q", 6, fetch)
    assert fetch.limits == [7]
    rankings.top("q", 7, fetch)
    assert fetch.limits == [7, 28]
    rankings.top("q", 500, fetch)
    rankings.top("q", 1000, fetch)
    assert fetch.limits == [7, 28, 504]


def test_other_queries_and_variants_are_other_rankings():
    rankings = Rankings(2)
    assert rankings.top("q", 1, Fetch([1.0, 0.0])) == [Hit(0, 1.0)]
    assert rankings.top("r", 1, Fetch([0.0, 1.0])) == [Hit(1, 1.0)]
    assert rankings.top("q", 1, Fetch([0.0, 2.0]), variant=b"mask") == [Hit(1, 2.0)]
    assert rankings.top("q", 1, Fetch([0.0, 2.0])) == [Hit(0, 1.0)]


def test_pages_as_queries_are_remembered_by_digest():
    rankings, page = Rankings(2), "\ud800 word " * 1000
    assert rankings.top(page, 1, Fetch([1.0, 0.0])) == [Hit(0, 1.0)]
    assert rankings.top(page + "x", 1, Fetch([0.0, 1.0])) == [Hit(1, 1.0)]
    assert rankings.top(page, 1, Fetch([0.0, 1.0])) == [Hit(0, 1.0)]


@pytest.mark.parametrize("k", [1, 300, 2000])
def test_long_lists_are_not_kept_whole(k: int):
    rankings, fetch = Rankings(2000), Fetch([1 + 0.001 * position for position in range(2000)])
    whole = expected(fetch.scores)
    assert rankings.top("q", 2000, fetch) == whole
    assert len(rankings._cell("q", None).prefix.hits) == 256
    assert rankings.top("q", k, fetch) == whole[:k]
