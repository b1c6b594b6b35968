from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand(played):
    batch = played([1, 1, 1, 0, 0.5, 1], [0, 0, 0, 0, 0, 1], strategy_id=[3, 3, 4, -1, 3, 3])
    # group 0: three share strategy_id 3, one has strategy_id 4; the strategy_id of group 1 is another
    assert make("fitness_sharing").shape(batch).tolist() == pytest.approx([1 / 3, 1 / 3, 1, 0, 0.5 / 3, 1])
    # alpha .5: 1 / sqrt(3) = .5773503
    half = make("fitness_sharing(alpha=0.5)").shape(batch)
    assert half.tolist() == pytest.approx([0.5773503, 0.5773503, 1, 0, 0.2886751, 1])


def test_alpha_zero_is_the_base_to_the_bit(played):
    batch = played([0.1, 0.7, 1 / 3, 0.0], [0, 0, 0, 0], strategy_id=[1, 1, 2, -1])
    assert torch.equal(make("fitness_sharing(alpha=0)").shape(batch), make("grpo").shape(batch))


def test_seven_and_one(played):
    """An all-successful group: seven get 1/7 each, one gets 1; their mean is 2 / 8."""
    method = make("dr_grpo+fitness_sharing")
    batch = played([1.0] * 8, [0] * 8, strategy_id=[5] * 7 + [6])
    advantage = method.advantage(method.shape(batch), batch.group)
    assert advantage.tolist() == pytest.approx([1 / 7 - 1 / 4] * 7 + [3 / 4])
    assert advantage.mean().item() == pytest.approx(0)
    turned = played([1.0] * 8, [0] * 8, strategy_id=[6] + [5] * 7)
    assert torch.allclose(method.advantage(method.shape(turned), turned.group), advantage.flip(0))


def test_a_single_success_is_unchanged(played):
    batch = played([0.0, 1.0, 0.0], [0, 0, 0], strategy_id=[-1, 2, -1])
    assert make("fitness_sharing").shape(batch).tolist() == [0.0, 1.0, 0.0]


def test_episodes_without_a_niche_share_nothing(played):
    batch = played([0.2, 0.2, 1.0], [0, 0, 0], strategy_id=[-1, -1, 2])
    assert make("fitness_sharing").shape(batch).tolist() == [0.2, 0.2, 1.0]
