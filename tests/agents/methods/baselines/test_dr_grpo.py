from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes, played):
    method = make("dr_grpo")
    batch = played([1.0, 0.0, 0.0, 0.0], [0] * 4, lengths=[2, 1, 1, 1])
    advantage = method.advantage(batch.reward, batch.group)
    assert advantage.tolist() == [0.75, -0.25, -0.25, -0.25]
    tokens = micro([[-1.0, -1.0]] * 4, [[-1.0, -1.0]] * 4, advantage, mask=batch.mask,
                   weight=method.reduce(batch.mask, 10))  # fmt: skip
    # weights 1 / (4 * 10) whatever the lengths: -.75 / 40 = -.01875, .25 / 40 = .00625
    expected = [-0.01875, -0.01875, 0.00625, 0.00625, 0.00625]
    assert slopes(method, tokens)[batch.mask].tolist() == pytest.approx(expected)
