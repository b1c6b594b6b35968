from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand(played):
    answers = {"answer_id": torch.tensor([5, 5, 7, -1, 5])}
    batch = played([1.0, 0.0, 1.0, 0.0, 1.0], [0, 0, 0, 0, 1], extra=answers)
    # One of three others gives answer 5; nobody else 7; no answer repeats nothing; alone, nothing is repeated.
    expected = [1 - 0.3 / 3, 0 - 0.3 / 3, 1.0, 0.0, 1.0]
    assert make("outcome_exploration(c=0.3)").shape(batch).tolist() == pytest.approx(expected)
