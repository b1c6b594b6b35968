from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss


def test_by_hand(micro):
    entropy = torch.tensor([[1.0, 2.0, 9.0], [3.0, 9.0, 9.0]], dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]], dtype=torch.bool)
    zeros = torch.zeros(2, 3)
    tokens = micro(zeros, zeros, [0.0, 0.0], mask=mask, entropy=entropy, count=12)
    # -.05 * (1 + 2 + 3) / 12 = -.025: a share of the mean over the optimiser batch's twelve tokens
    total = loss(make("entropy_bonus(coefficient=0.05)"), tokens)
    assert total.item() == pytest.approx(-0.025)
    found = torch.autograd.grad(total, tokens.entropy)[0]
    assert found.tolist() == [pytest.approx([-0.05 / 12, -0.05 / 12, 0]), pytest.approx([-0.05 / 12, 0, 0])]
