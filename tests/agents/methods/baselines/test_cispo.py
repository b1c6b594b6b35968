from __future__ import annotations

import math

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    tokens = micro([[math.log(2), math.log(0.1), math.log(1.1)]], [[0.0] * 3], [[1.0, -1.0, 1.0]])
    # weights 1/3; the ratio enters as a weight of at most 1 + high and, by default, of at least 0
    assert slopes(make("cispo(high=0.28)"), tokens)[0].tolist() == pytest.approx([-1.28 / 3, 0.1 / 3, -1.1 / 3])
    # with a lower bound of 0.8
    assert slopes(make("cispo(low=0.2,high=0.28)"), tokens)[0].tolist() == pytest.approx([-1.28 / 3, 0.8 / 3, -1.1 / 3])
