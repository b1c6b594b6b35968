from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.reductions import token_mean


def test_by_hand(micro, slopes):
    method = make("dapo")
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]], dtype=torch.bool)
    logs = torch.tensor([[1.25, 1.3, 1.0], [0.75, 1, 1]]).log()
    tokens = micro(logs, torch.zeros(2, 3), [1.0, -1.0], mask=mask, weight=method.reduce(mask, 9))
    # weights 1/4; 1.25 < 1.28 keeps its gradient, 1.3 has none; 0.75 < 0.8 with A < 0 has none
    assert slopes(method, tokens)[mask].tolist() == pytest.approx([-1.25 / 4, 0, -1 / 4, 0])


def test_equal_bounds_make_it_grpo_with_a_token_mean(micro, slopes):
    generator = torch.Generator().manual_seed(1)
    new, old = (torch.randn(4, 6, generator=generator) for _ in range(2))
    new[0, 0] = old[0, 0] + 0.22  # exp(.22) = 1.246: between the two bounds
    weight = token_mean(torch.ones(4, 6, dtype=torch.bool), 9)
    tokens = micro(new, old, [1.0, -1.0, 0.5, -2.0], weight=weight)
    found = slopes(make("dapo(high=0.2)"), tokens)
    assert torch.equal(found, slopes(replace(make("grpo"), reduce=token_mean), tokens))
    assert not torch.equal(found, slopes(make("dapo"), tokens))


def test_groups_without_spread_are_dropped_and_made_up_for(played):
    method = make("dapo")
    batch = played([1, 1, 0, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2, 3])
    assert method.select(batch, method.shape(batch)).tolist() == [False, False, False, False, True, True, False]
    assert method.rounds == 10 and make("dapo(rounds=3)").rounds == 3


def test_sharing_gives_an_all_right_group_something_to_learn(played):
    """What is selected depends on shaped rewards: 1/3 three times and 1 differ."""
    method = make("dapo+fitness_sharing")
    batch = played([1.0] * 4, [0] * 4, strategy_id=[5, 5, 5, 6])
    assert method.select(batch, method.shape(batch)).all()
    assert not make("dapo").select(batch, batch.reward).any()


def test_overlong_episodes_lose_reward(played):
    method = make("dapo(overlong=10,buffer=4,factor=0.5)")
    batch = played([1.0] * 5, [0] * 5, lengths=[1, 6, 7, 10, 12])
    # -(len - 6) / 4 * .5, at most 0: 6 -> 0, 7 -> -.125, 10 -> -.5, 12 -> -.75
    assert method.shape(batch).tolist() == [1.0, 1.0, 0.875, 0.5, 0.25]
    assert make("dapo").shape(batch).tolist() == [1.0] * 5
