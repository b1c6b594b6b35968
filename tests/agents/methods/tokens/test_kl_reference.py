from __future__ import annotations

import math

import pytest

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
