from __future__ import annotations

import math

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    tokens = micro([[math.log(2), math.log(0.5)]], [[0.0, 0.0]], [[1.0, -1.0]], weight=[[1.0, 1.0]])
    # r = 2, tau 1: gate = 1 / (1 + exp(-1)) = 0.7310586; slope 4 * 0.7310586 * 0.2689414 * 2 = 1.5728955.
    # r = 0.5, tau 1.05: gate = 1 / (1 + exp(0.525)) = 0.3716839; slope 4 * 0.3716839 * 0.6283161 * 0.5 = 0.4670700.
    assert slopes(make("soft_sapo"), tokens)[0].tolist() == pytest.approx([-1.5728955, 0.4670700], abs=1e-6)
    values = make("soft_sapo").token_loss(tokens).detach()[0].tolist()
    assert values == pytest.approx([-4 * 0.7310586, 4 / 1.05 * 0.3716839], abs=1e-6)


def test_far_ratios_fade(micro, slopes):
    tokens = micro([[math.log(9.0), 0.0]], [[0.0, 0.0]], [[1.0, 1.0]], weight=[[1.0, 1.0]])
    far, near = slopes(make("soft_sapo"), tokens)[0].abs().tolist()
    assert far < 0.02 < near == pytest.approx(1.0)
