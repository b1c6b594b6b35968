from __future__ import annotations

import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.seams import spread


def test_by_hand(played):
    batch = played([1.0, 0.0, 1.0, 1.0], [0] * 4, lengths=[1, 2, 1, 1], extra={"searches": torch.tensor([2, 2, 0, 0])})
    given = spread(batch, torch.tensor([0.5, -1.5, 0.5, 0.5], dtype=torch.float64))
    # Two searches: rewards 1, 0 have z-scores 1, -1. None: both 1, so 0. Blend 0.8 with the given advantages.
    found = make("stratified_grpo").credit(batch, given)
    expected = [[0.9, 0.0], [-1.1, -1.1], [0.1, 0.0], [0.1, 0.0]]
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-5)


def test_strata_of_different_questions_are_apart(played):
    batch = played([1.0, 0.0], [0, 1], extra={"searches": torch.tensor([2, 2])})
    assert not make("stratified_grpo(blend=1)").credit(batch, torch.ones(2, 1)).any()
