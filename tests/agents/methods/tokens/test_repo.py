from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.seams import spread


def test_by_hand(played):
    batch = played([1.0, 0.0], [0, 0], lengths=[2, 1])
    batch = replace(batch, old_logprobs=torch.tensor([[-1.0, -3.0], [-2.0, 99.0]]))
    found = make("repo(zeta=0.1)").credit(batch, spread(batch, torch.tensor([1.0, -1.0])))
    # mean of -1, -3, -2 is -2: 1 - 0.1 * 1, 1 + 0.1 * 1; -1 - 0; the token outside of the mask has none
    assert found.flatten().tolist() == pytest.approx([0.9, 1.1, -1.0, 0.0])


def test_it_takes_covariance_away(played):
    """With zeta = cov / var of the log-probabilities, log-probability and advantage are uncorrelated."""
    generator = torch.Generator().manual_seed(0)
    old = -torch.rand(1, 500, generator=generator, dtype=torch.float64) * 3
    advantage = 0.4 * old + torch.randn(1, 500, generator=generator, dtype=torch.float64)
    batch = replace(played([1.0], [0], lengths=[500]), old_logprobs=old)
    away = old - old.mean()
    zeta = float((away * advantage).mean() / away.square().mean())
    left = make(f"repo(zeta={zeta!r})").credit(batch, advantage)
    assert abs(float((away * (left - left.mean())).mean())) < 1e-9 < float((away * advantage).mean())
