from __future__ import annotations

import math

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss


def test_by_hand(micro, slopes, played):
    method = make("grpo")
    batch = played([1.0, 0.0], [0, 0], lengths=[2, 1])
    advantage = method.advantage(batch.reward, batch.group)
    assert advantage.tolist() == pytest.approx([1, -1], abs=1e-5)  # +-.5 / .5
    tokens = micro([[math.log(1.5), math.log(1.1)], [math.log(1.1), 0]], [[0.0, 0.0]] * 2, [1.0, -1.0],
                   mask=batch.mask, weight=method.reduce(batch.mask, 9))  # fmt: skip
    # first episode, weights 1/4: min(1.5, 1.2) = 1.2, no gradient; 1.1, gradient -1.1 / 4 = -.275
    # second, weight 1/2: 1.1 / 2 = .55 in value and gradient
    assert slopes(method, tokens)[batch.mask].tolist() == pytest.approx([0, -0.275, 0.55])
    assert loss(method, tokens).item() == pytest.approx(-(1.2 + 1.1) / 4 + 0.55)  # = -.025


def test_an_action_among_many_members_weighs_what_its_group_says():
    reward, group = torch.tensor([1.0, 0, 0, 0, 1, 1, 1, 1]), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    found = make("grpo").advantage(reward, group)
    assert found[4:].tolist() == [0.0] * 4  # nothing to learn where all are right
    assert found[0] == pytest.approx(3**0.5, abs=1e-5)  # .75 / sqrt(3 / 16)
