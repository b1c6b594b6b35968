from __future__ import annotations

import math

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    new = [[math.log(0.5), math.log(1.5), 0.0], [math.log(0.5)] * 3]
    tokens = micro(new, [[0.0] * 3] * 2, [1.0, -1.0], weight=[[0.0] * 3] * 2)
    method = make("search_sapo(weight=0.6)")
    # three tokens are in episodes with A >= 0: -log .5 * .6 / 3 = .1386294; r = 1 adds 0 to the value
    assert method.regularise(tokens).item() == pytest.approx(0.1386294)
    # -.6 / 3 where r <= 1, r = 1 among them; 0 above it and on the bad episode
    assert slopes(method, tokens).tolist() == [pytest.approx([-0.2, 0, -0.2]), [0, 0, 0]]


def test_below_one_it_leaves_alone_what_has_not_fallen(micro, slopes):
    tokens = micro([[math.log(0.5), math.log(0.9), 0.0]], [[0.0] * 3], [1.0], weight=[[0.0] * 3])
    assert slopes(make("search_sapo(threshold=0.8)"), tokens)[0].tolist() == pytest.approx([-0.1 / 3, 0, 0])
