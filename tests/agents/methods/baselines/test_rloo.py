from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes, played):
    method = make("rloo")
    batch = played([1.0, 1.0, 0.0], [0, 0, 0], lengths=[2, 1, 1])
    advantage = method.advantage(batch.reward, batch.group)
    assert advantage.tolist() == [0.5, 0.5, -1.0]  # 1 - (1 + 0) / 2; 0 - (1 + 1) / 2
    tokens = micro([[-1.0, -2.0], [-1.0, 0], [-1.0, 0]], [[0.0, 0.0]] * 3, advantage, mask=batch.mask,
                   weight=method.reduce(batch.mask, 9))  # fmt: skip
    # -A / n per token: -.5 / 3 on both tokens of the first, on the second, 1 / 3 on the third
    assert slopes(method, tokens)[batch.mask].tolist() == pytest.approx([-1 / 6, -1 / 6, -1 / 6, 1 / 3])
