from __future__ import annotations

import math

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.baselines.gspo import sequence_ratio


def test_by_hand(micro, slopes):
    method = make("gspo(low=0.1,high=0.1)")
    mask = torch.tensor([[1, 0, 1], [1, 1, 0]], dtype=torch.bool)
    new = [[math.log(1.2), 9.0, math.log(0.9)], [math.log(1.5), math.log(1.5), 9.0]]
    tokens = micro(new, torch.zeros(2, 3), [1.0, 1.0], mask=mask, weight=method.reduce(mask, 9))
    # s = sqrt(1.2 * 0.9) = sqrt(1.08) = 1.0392305, within 1.1: -s / (2 * 2) per token; 1.5 is clipped
    assert sequence_ratio(tokens)[mask].tolist() == pytest.approx([1.0392305, 1.0392305, 1.5, 1.5])
    assert slopes(method, tokens)[mask].tolist() == pytest.approx([-0.25980762, -0.25980762, 0, 0])


def test_its_gradient_is_that_of_the_sequence_ratio(micro, slopes):
    """d/d lp of 1/n sum_i -s_i A_i, differentiated by torch."""
    generator = torch.Generator().manual_seed(2)
    new, old = (0.1 * torch.randn(3, 4, dtype=torch.float64, generator=generator) for _ in range(2))
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 1, 1], [1, 0, 0, 0]], dtype=torch.bool)
    method = make("gspo(low=1,high=100)")
    tokens = micro(new, old, [1.0, -1.0, 0.5], mask=mask, weight=method.reduce(mask, 9))
    log = ((tokens.logprobs - tokens.old_logprobs) * mask).sum(dim=1) / mask.sum(dim=1)
    expected = torch.autograd.grad(-(log.exp() * tokens.advantage[:, 0]).sum() / 3, tokens.logprobs)[0]
    assert torch.allclose(slopes(method, tokens), expected)


def test_with_one_token_it_is_grpo(micro, slopes):
    generator = torch.Generator().manual_seed(3)
    new, old = (torch.randn(20, 1, dtype=torch.float64, generator=generator) for _ in range(2))
    tokens = micro(new, old, torch.randn(20, generator=generator))
    gspo, grpo = make("gspo(low=0.2,high=0.28)"), make("grpo(high=0.28,dual=inf)")
    assert torch.equal(slopes(gspo, tokens), slopes(grpo, tokens))
    assert torch.equal(gspo.token_loss(tokens), grpo.token_loss(tokens))
