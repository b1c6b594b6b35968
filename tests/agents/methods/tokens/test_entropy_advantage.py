from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.seams import spread


def test_by_hand(played):
    batch = played([1.0, 0.0], [0, 0], lengths=[3, 2], entropy=[[0.1, 2.0, 9.0], [0.5, 0.0, 7.0]])
    found = make("entropy_advantage").credit(batch, spread(batch, torch.tensor([1.0, -0.2])))
    # 1 + min(0.04, 0.5), 1 + min(0.8, 0.5), 1 + min(3.6, 0.5); -0.2 + min(0.2, 0.1), -0.2 + 0; nothing outside
    assert found[0].tolist() == pytest.approx([1.04, 1.5, 1.5]) and found[1].tolist() == pytest.approx([-0.1, -0.2, 0])


def test_signs_stay(played):
    batch = played([1.0], [0], lengths=[1], entropy=[[50.0]])
    assert make("entropy_advantage(kappa=1.01)").credit(batch, torch.tensor([[-1.0]])).item() < 0
