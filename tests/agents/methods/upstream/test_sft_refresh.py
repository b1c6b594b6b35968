from __future__ import annotations

import math

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand():
    """Three of four tokens were demonstrated, e^-1, e^-3 and e^-2: weight .5 times (1 + 3 + 2) / 3."""
    refresh = make("sft_refresh(weight=0.5)").refresh
    assert refresh is not None and (refresh.every, refresh.steps, refresh.batch) == (5, 2, 16)
    new = torch.tensor([[-1.0, math.nan], [-3.0, -2.0]], requires_grad=True)
    mask = torch.tensor([[True, False], [True, True]])
    loss = refresh.loss(new, mask, 3)
    assert loss.item() == pytest.approx(1.0)
    # d loss / d lp = -.5 / 3 where a token was demonstrated.
    (slope,) = torch.autograd.grad(loss, new)
    assert slope.flatten().tolist() == pytest.approx([-1 / 6, 0, -1 / 6, -1 / 6])


def test_shares_of_rows_add_up():
    refresh = make("sft_refresh").refresh
    assert refresh is not None
    new, mask = torch.tensor([[-1.0], [-3.0]]), torch.ones(2, 1, dtype=torch.bool)
    shares = [refresh.loss(new[row], mask[row], 2).item() for row in range(2)]
    assert shares == [0.5, 1.5] and refresh.loss(new, mask, 2).item() == 2.0


@pytest.mark.parametrize("other", ["fitness_sharing", "kl_cov", "critique_grpo", "dapo", "r3", "hicra"])
def test_it_stands_beside_what_trains_on_rewards(other: str):
    assert make(f"sft_refresh+{other}").name == f"{other}+sft_refresh"
    assert make("sft_refresh").name == "sft_refresh"
