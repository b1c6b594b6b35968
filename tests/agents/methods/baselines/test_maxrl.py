from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand():
    reward, group = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]), torch.tensor([0] * 4 + [1] * 4)
    # means 1/4 and 1/2: (1 - 1/4) / (1/4) = 3 and -1; (1 - 1/2) / (1/2) = 1 and -1
    expected = [3.0, -1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0]
    assert make("maxrl").advantage(reward, group).tolist() == pytest.approx(expected, abs=1e-4)
    assert not make("maxrl").advantage(torch.zeros(4), torch.zeros(4, dtype=torch.long)).any()
