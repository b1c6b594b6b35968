from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand(played):
    batch = played([1.0, 1.0, 0.0, 1.0, 1.0], [0, 0, 0, 0, 1], lengths=[1, 2, 1, 1, 1])
    batch = replace(
        batch, old_logprobs=torch.tensor([[-1.0, 9.0], [-2.0, -4.0], [-0.5, 0.0], [-9.0, 0.0], [-1.0, 0.0]])
    )
    # Means -1, -3, -0.5, -9: ranks 2, 3, 1, 4 of 4; alone, 1 of 1. 1 - 0.25 * (4 - rank) / 4.
    expected = [1 - 0.25 * 2 / 4, 1 - 0.25 * 1 / 4, 0.0, 1.0, 1.0]
    assert make("unlikeliness").shape(batch).tolist() == pytest.approx(expected)


def test_equal_likelihoods_are_ranked_by_place(played):
    assert make("unlikeliness(beta=1)").shape(played([1.0, 1.0], [0, 0])).tolist() == pytest.approx([0.5, 1.0])
