"""Turn-level credit: what follows a turn, against the group's episodes that came as far."""

from __future__ import annotations

import itertools

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.seams import spread


def test_by_hand(played):
    """Returns at turn 0: 1, 0, 1, mean 2/3; at turn 1, to which two came: 1, 0, mean .5. With weight .5:

    Episode 0: 1 + .5 / 3, 1 + .25. Episode 1: -1 - 1/3, -1 - .25. Episode 2, of one turn: .5 / 3.
    With gamma .5, turn 0 has .5, 0, 1, mean .5: 1, -1.25, .25 there.
    """
    turn = torch.tensor([[0, 0, 1], [0, 1, 9], [0, 9, 9]])
    reward = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, float("nan")], [1.0, 5.0, 5.0]])
    batch = played([1.0, 0.0, 0.0], [0] * 3, lengths=[3, 2, 1], turn=turn, extra={"turn_reward": reward})
    advantage = spread(batch, torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64))
    found = make("turn_credit").credit(batch, advantage).flatten().tolist()
    assert found == pytest.approx([1.166667, 1.166667, 1.25, -1.333333, -1.25, 0, 0.166667, 0, 0], abs=1e-5)
    found = make("turn_credit(gamma=0.5)").credit(batch, advantage).flatten().tolist()
    assert found == pytest.approx([1, 1, 1.25, -1.25, -1.25, 0, 0.25, 0, 0], abs=1e-9)
    assert torch.equal(make("turn_credit(weight=0)").credit(batch, advantage), advantage)


def test_going_on_is_paid_in_full_where_the_policy_controls_its_stopping(played):
    """A bandit: stop at once, or go on to a turn that always pays .3. Probability p of going on, groups of four.

    The gradient of the expected pay with regard to the logit of p is .3 p (1 - p). An episode is a quarter of its own
    baseline, so that the estimate is 3/4 of that, for every p. A baseline of each turn's own reward would make it 0:
    all that come to turn 1 are paid alike.
    """
    for p in (0.2, 0.5, 0.9):
        total = 0.0
        for goes in itertools.product((0, 1), repeat=4):
            pay = torch.tensor([[0.0, 0.3 * going] for going in goes])
            batch = played(
                [0.0] * 4, [0] * 4, lengths=[1 + going for going in goes] if any(goes) else [1] * 4,
                turn=torch.tensor([[0, 1]] * 4)[:, : 1 + max(goes)], extra={"turn_reward": pay[:, : 1 + max(goes)]},
            )  # fmt: skip
            found = make("turn_credit(weight=1)").credit(batch, torch.zeros(batch.mask.shape, dtype=torch.float64))
            slope = torch.tensor([going - p for going in goes], dtype=torch.float64)
            chance = p ** sum(goes) * (1 - p) ** (4 - sum(goes))
            total += chance * float((found[:, 0] * slope).mean())
        assert total == pytest.approx(0.75 * 0.3 * p * (1 - p), abs=1e-7)
