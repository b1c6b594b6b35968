from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.seams import spread


def test_by_hand(played):
    method = make("forking_tokens(keep=0.4)")
    batch = played([1.0, 0.0], [0, 0], lengths=[3, 2], entropy=[[0.1, 0.9, 0.3], [0.5, 0.2, 99.0]])
    # five tokens, quantile .6 of .1 .2 .3 .5 .9: position 2.4 -> .3 + .4 * .2 = .38: .9 and .5 stay
    credit = method.credit(batch, spread(batch, torch.tensor([1.0, -1.0])))
    assert credit.tolist() == [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]


@pytest.mark.parametrize("keep", [0.2, 0.05, 1.0])
def test_the_share_that_is_trained_on(played, keep: float):
    generator = torch.Generator().manual_seed(8)
    lengths = torch.randint(20, 60, (96,), generator=generator)
    batch = played([1.0] * 96, list(range(96)), lengths=lengths, entropy=torch.rand(96, 59, generator=generator))
    kept = make(f"forking_tokens(keep={keep})").credit(batch, spread(batch, torch.ones(96))) != 0
    assert float(kept.sum() / batch.mask.sum()) == pytest.approx(keep, abs=0.01)
    assert not (kept & ~batch.mask).any()
