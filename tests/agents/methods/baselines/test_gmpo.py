from __future__ import annotations

import math

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    # A good episode with log r = 0.2 and 0.6, of which 0.6 is clipped to 0.4: s = exp(0.6 / 2) = exp(0.3).
    # A bad one with log r = -0.5 and 0.1, of which -0.5 counts as -0.4: s = exp(-0.3 / 2) = exp(-0.15).
    new, weight = [[0.2, 0.6], [-0.5, 0.1]], [[0.25, 0.25], [0.25, 0.25]]  # 1 / (2 episodes * 2 tokens)
    tokens = micro(new, [[0.0, 0.0]] * 2, [1.0, -2.0], weight=weight)
    up, down = math.exp(0.3), math.exp(-0.15)
    found = slopes(make("gmpo"), tokens).tolist()
    assert found[0] == pytest.approx([-0.25 * up, 0.0]) and found[1] == pytest.approx([0.0, 0.25 * 2 * down])
    each = make("gmpo").token_loss(tokens)
    assert each.detach()[0].tolist() == pytest.approx([-up, -up])


def test_without_bounds_it_is_the_geometric_mean(micro, slopes):
    tokens = micro([[0.3, -0.1, 0.1]], [[0.0] * 3], [1.0], weight=[[1 / 3] * 3])
    # s = exp(0.3 / 3); d s / d lp_t = s / 3
    assert slopes(make("gmpo(low=9,high=9)"), tokens)[0].tolist() == pytest.approx([-math.exp(0.1) / 3] * 3)
