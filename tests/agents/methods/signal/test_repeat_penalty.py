from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand(played):
    facts = {"searches": torch.tensor([4, 2, 0]), "repeats": torch.tensor([1, 0, 0])}
    batch = played([1.0, 1.0, 0.0], [0, 0, 0], extra=facts)
    assert make("repeat_penalty").shape(batch).tolist() == pytest.approx([1 - 0.2 * 1 / 4, 1.0, 0.0])
