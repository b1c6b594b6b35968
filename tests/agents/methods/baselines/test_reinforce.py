from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes, played):
    method = make("reinforce")
    batch = played([1.0, 0.0, 0.0, 0.0], [0, 0, 1, 1], lengths=[2, 1, 1, 1])
    advantage = method.advantage(batch.reward, batch.group)
    assert advantage.tolist() == [0.75, -0.25, -0.25, -0.25]  # minus the step's mean 1/4, groups or not
    weight = method.reduce(batch.mask, 9)
    tokens = micro([[-1.0, -2.0], *[[-1.0, 0.0]] * 3], [[0.0, 0.0]] * 4, advantage, mask=batch.mask, weight=weight)
    # -A / n per token, whatever lp_old: -.75 / 4 = -.1875 twice, .25 / 4 = .0625
    assert slopes(method, tokens)[batch.mask].tolist() == pytest.approx([-0.1875, -0.1875, 0.0625, 0.0625, 0.0625])
    # the value is -A * sum lp / n: (-.75 * -3 + 3 * .25 * -1) / 4 = (2.25 - .75) / 4 = .375
    assert (method.token_loss(tokens) * weight).sum().item() == pytest.approx(0.375)
