from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand():
    reward, group = torch.tensor([1.0, 0.0, 0.5, 0.0]), torch.tensor([0, 0, 1, 1])
    for name, positive in (("w_reinforce", 0.1), ("nsr", 0.0), ("w_reinforce(positive=1)", 1.0)):
        assert make(name).advantage(reward, group).tolist() == pytest.approx([positive, -1.0, positive, -1.0])


def test_right_episodes_get_no_gradient_from_nsr(micro, slopes):
    tokens = micro([[-1.0], [-1.0]], [[-1.0], [-1.0]], make("nsr").advantage(torch.tensor([1.0, 0.0]), torch.zeros(2)))
    assert slopes(make("nsr"), tokens).flatten().tolist() == [0.0, 0.5]  # two tokens: 1 / 2 each
