"""IGPO: a turn is paid for what it adds to the reference answer's likelihood, and for what follows it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.seams import spread


@pytest.fixture
def batch(played) -> Batch:
    """Turns 0, 1, 2 and 0, 1 in a group; what stands on last turns and beyond ends is anything."""
    turn = torch.tensor([[0, 0, 1, 2], [0, 1, 1, 9]])
    gain = torch.tensor([[0.3, 0.3, 0.1, 7.0], [0.5, 8.0, 8.0, float("nan")]])
    return played([1.0, 0.0], [0, 0], lengths=[4, 3], turn=turn, extra={"information_gain": gain})


def credit(name: str, batch: Batch, advantage: list[float]) -> list[list[float]]:
    return make(name).credit(batch, spread(batch, torch.tensor(advantage, dtype=torch.float64))).tolist()


def test_by_hand(batch: Batch):
    """Gains .3, .1, .5: mean .3, deviation sqrt(.08 / 3) = .163299; z = 0, -1.224745, 1.224745.

    Episode 0, A = 1: turn 2: 1; turn 1: 1 - 1.224745; turn 0: 1 + 0 - 1.224745. Episode 1, A = -1: -1 + 1.224745, -1.
    With gamma .5 and weight 2, episode 0: turn 2: 1; turn 1: .5 - 2.449490; turn 0: .25 + 2 * (0 - .5 * 1.224745).
    Episode 1: -.5 + 2.449490, -1.
    """
    found = credit("igpo", batch, [1.0, -1.0])
    assert found[0] == pytest.approx([-0.224745, -0.224745, -0.224745, 1.0], abs=1e-4)
    assert found[1] == pytest.approx([0.224745, -1.0, -1.0, 0.0], abs=1e-4)
    found = credit("igpo(weight=2,gamma=0.5)", batch, [1.0, -1.0])
    assert found[0] == pytest.approx([-0.974745, -0.974745, -1.949490, 1.0], abs=1e-4)
    assert found[1] == pytest.approx([1.949490, -1.0, -1.0, 0.0], abs=1e-4)


def test_weight_zero_is_the_base(batch: Batch):
    assert credit("igpo(weight=0)", batch, [1.0, -1.0]) == credit("grpo", batch, [1.0, -1.0])


def test_a_group_that_always_fails_still_learns_which_turn_helped(batch: Batch):
    """What the paper is for: no outcome differs, and the episode whose search helped is raised above the other."""
    first, second = credit("igpo", batch, [0.0, 0.0])
    assert second[0] > 0 > first[2] and first[3] == second[1] == 0


def test_equal_gains_and_single_turns_change_nothing(batch: Batch, played):
    level = replace(batch, extra={"information_gain": torch.full((2, 4), 0.1)})
    assert credit("igpo", level, [1.0, -1.0]) == credit("grpo", level, [1.0, -1.0])
    short = played([1.0, 0.0], [0, 0], lengths=[2, 1], extra={"information_gain": torch.rand(2, 2)})
    assert credit("igpo", short, [1.0, -1.0]) == credit("grpo", short, [1.0, -1.0])


def test_it_does_not_pay_for_going_on(played):
    """Known bias (verl-project/verl#7244): gains are centred turn by turn, so that one which all have pays nobody.

    Two episodes stop at once, two go on and gain .3 by it; those that stopped have no gain to be compared with.
    """
    turn, gain = torch.tensor([[0, 1]] * 4), torch.tensor([[0.3, 0.0]] * 4)
    some = played([0.0] * 4, [0] * 4, lengths=[2, 2, 1, 1], turn=turn, extra={"information_gain": gain})
    assert credit("igpo", some, [0.0] * 4) == [[0.0, 0.0]] * 4
