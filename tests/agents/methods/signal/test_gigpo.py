from __future__ import annotations

import torch

from berrypick.agents.methods import make


def test_by_hand(played):
    # Three episodes of two turns, one token each. All begin in state 0; the first two go on to state 1, the third to 2.
    turn, state = torch.tensor([[0, 1]] * 3), torch.tensor([[0, 1], [0, 1], [0, 2]])
    batch = played([1.0, 0.0, 1.0], [0] * 3, lengths=[2] * 3, turn=turn, extra={"state_id": state})
    found = make("gigpo(gamma=0.5)").credit(batch, torch.zeros(3, 2, dtype=torch.float64))
    # State 0: returns 0.5, 0, 0.5: mean 1/3, deviation sqrt(2)/6; z = 0.7071, -1.4142. State 1: 1, -1. State 2: 0.
    expected = [[0.70711, 1.0], [-1.41421, -1.0], [0.70711, 0.0]]
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-4)
    added = make("gigpo(omega=0)").credit(batch, torch.ones(3, 2, dtype=torch.float64))
    assert torch.equal(added, torch.ones(3, 2, dtype=torch.float64))


def test_tokens_of_a_turn_share_its_advantage_and_observations_have_none(played):
    turn = torch.tensor([[0, 0, 1], [0, 0, 1]])
    batch = played(
        [1.0, 0.0], [0, 0], lengths=[3, 2], turn=turn, extra={"state_id": torch.zeros(2, 3, dtype=torch.long)}
    )
    found = make("gigpo").credit(batch, torch.zeros(2, 3, dtype=torch.float64))
    assert found[0, 0] == found[0, 1] != 0 and found[1, 2] == 0
