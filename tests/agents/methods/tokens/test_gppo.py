from __future__ import annotations

import math

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss


@pytest.fixture
def tokens(micro):
    generator = torch.Generator().manual_seed(4)
    new, old, advantage = (torch.randn(8, 10, dtype=torch.float64, generator=generator) for _ in range(3))
    new[0, 0], advantage[0, 0] = old[0, 0] + math.log(12), -1.0  # beyond the dual clip
    return micro(new, old, advantage)


@pytest.mark.parametrize("name", ["gppo", "ce_gppo", "ce_gppo(below=0,above=0)", "ce_gppo(below=3,above=2)"])
def test_the_value_is_that_of_clip_higher(tokens, name: str):
    assert loss(make(name), tokens).item() == pytest.approx(loss(make("clip_higher(dual=10)"), tokens).item(), abs=1e-6)


def test_without_kept_gradient_it_is_clip_higher(tokens, slopes):
    assert torch.equal(slopes(make("ce_gppo(below=0,above=0)"), tokens), slopes(make("clip_higher(dual=10)"), tokens))


def test_it_keeps_at_least_the_gradient_of_clip_higher(tokens, slopes):
    kept, clipped = slopes(make("gppo"), tokens), slopes(make("clip_higher(dual=10)"), tokens)
    assert (kept.abs() >= clipped.abs()).all() and kept.norm() > clipped.norm()
    assert kept[0, 0] == 0  # dual clip


def test_by_hand(micro, slopes):
    tokens = micro([[math.log(2), math.log(0.5)]], [[0.0, 0.0]], [[1.0, -1.0]])
    # weights 1/2: 1.28 / 2 = .64 upwards; .8 / 2 = .4 downwards, of which CE-GPPO keeps half
    assert slopes(make("gppo"), tokens)[0].tolist() == pytest.approx([-0.64, 0.4])
    assert slopes(make("ce_gppo"), tokens)[0].tolist() == pytest.approx([-0.64, 0.2])
    assert slopes(make("ce_gppo(below=1,above=0)"), tokens)[0].tolist() == pytest.approx([0, 0.4])
