"""Reciprocal-rank fusion by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.hybrid import DEPTH, Hybrid, fuse
from berrypick.records import Hit


class Fixed:
    """An engine with one answer for everything."""

    name = "fixed"

    def __init__(self, *positions: int) -> None:
        self.hits = [Hit(position, 1.0) for position in positions]

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        assert exclude is None
        return [self.hits[:k] for _ in queries]


def test_fuse_by_hand():
    # 7 is first and second: 1/61 + 1/62; 8 second: 1/62; 9 first: 1/61.
    assert fuse([[7, 8], [9, 7]]) == pytest.approx({7: 1 / 61 + 1 / 62, 8: 1 / 62, 9: 1 / 61})
    assert fuse([["a"], ["a"], ["a"]], k=0) == {"a": 3}
    assert fuse([]) == fuse([[], []]) == {}


def test_scores_are_scaled_and_ties_go_by_position():
    # 61/61 + 61/62 = 1.9839; 1; 61/62 = 0.9839 for 8; 5 and 9 are both third: 61/63 = 0.9683.
    hits = Hybrid([Fixed(7, 8, 9), Fixed(2, 7, 5)], 10).search(["q"], 10)[0]
    assert hits == [Hit(7, 1.9839), Hit(2, 1.0), Hit(8, 0.9839), Hit(5, 0.9683), Hit(9, 0.9683)]


def test_far_ranks_are_still_told_apart():
    hits = Hybrid([Fixed(*range(600, 0, -1)), Fixed()], 601).search(["q"], 600)[0]
    assert [hit.index for hit in hits] == list(range(600, 600 - DEPTH, -1))


def test_exclusion_does_not_fuse_again():
    """Without 2, document 7 would be first in both lists; here only the others' scores are left."""
    mask = np.zeros(10, dtype=bool)
    mask[2] = True
    hits = Hybrid([Fixed(7, 8, 9), Fixed(2, 7, 5)], 10).search(["q"], 2, exclude=mask)[0]
    assert hits == [Hit(7, 1.9839), Hit(8, 0.9839)]
