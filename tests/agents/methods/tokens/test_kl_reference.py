from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss


def test_by_hand(micro, slopes):
    method = make("kl_reference(beta=0.1)")
    assert method.reference and not make("grpo").reference
    tokens = micro([[0.0, 0.0]], [[0.0, 0.0]], [0.0], reference=[[math.log(2), math.log(0.5)]])
    # d = log 2: 2 - .6931472 - 1 = .3068528; d = -log 2: .5 + .6931472 - 1 = .1931472; mean .25
    assert loss(method, tokens).item() == pytest.approx(0.025)
    # 1 - exp(d) = -1 and .5: towards the reference, times .1 / 2
    assert slopes(method, tokens)[0].tolist() == pytest.approx([-0.05, 0.025])


def test_at_the_reference_there_is_none(micro, slopes):
    tokens = micro([[-1.0, -2.0]], [[-1.0, -2.0]], [0.0], reference=[[-1.0, -2.0]])
    assert loss(make("kl_reference"), tokens).item() == 0 and not slopes(make("kl_reference"), tokens).any()


@pytest.mark.parametrize("base", ["grpo", "grpo_token", "dr_grpo", "rloo"])
def test_it_is_reduced_as_the_losses_are(micro, base: str):
    """Eq. 3 of GRPO; two episodes of one and three tokens tell the reductions apart."""
    method, mask = make(f"{base}+kl_reference(beta=1)"), torch.tensor([[True, False, False], [True, True, True]])
    tokens = micro([[-1.0] * 3] * 2, [[-1.0] * 3] * 2, [0.0, 0.0], mask=mask, reference=[[-2.0] * 3, [-0.5] * 3])
    tokens = replace(tokens, weight=method.reduce(mask, 12).double())
    k3 = [math.exp(-1) + 1 - 1, math.exp(0.5) - 0.5 - 1]  # d = -1 and d = 0.5
    each = {
        "grpo": (k3[0] + k3[1]) / 2,
        "grpo_token": (k3[0] + 3 * k3[1]) / 4,
        "dr_grpo": (k3[0] + 3 * k3[1]) / (2 * 12),
        "rloo": (k3[0] + 3 * k3[1]) / 2,
    }
    assert method.regularise(tokens).item() == pytest.approx(each[base])


def test_estimators_by_hand(micro):
    tokens = micro([[0.0]], [[0.0]], [0.0], reference=[[-2.0]], weight=[[1.0]])
    # d = -2: k1 = 2, k2 = 4 / 2 = 2, k3 = exp(-2) + 2 - 1 = 1.1353
    values = [make(f"kl_reference(beta=1,estimator={number})").regularise(tokens).item() for number in (1, 2, 3)]
    assert values == pytest.approx([2.0, 2.0, 1.1353353])
