from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods.reductions import constant_length, sequence_mean, sequence_sum, token_mean

MASK = torch.tensor([[1, 0, 1, 1], [1, 0, 0, 0]], dtype=torch.bool)  # three tokens and one, two episodes


@pytest.mark.parametrize(
    ("reduce", "three", "one"),
    [
        (token_mean, 1 / 4, 1 / 4),
        (sequence_mean, 1 / 3 / 2, 1 / 2),
        (constant_length, 1 / 20, 1 / 20),  # 2 episodes * 10 tokens
        (sequence_sum, 1 / 2, 1 / 2),
    ],
)
def test_weights(reduce, three: float, one: float):
    expected = [[three, 0, three, three], [one, 0, 0, 0]]
    assert torch.allclose(reduce(MASK, 10), torch.tensor(expected))


@pytest.mark.parametrize("reduce", [token_mean, sequence_mean, constant_length, sequence_sum])
def test_an_episode_without_tokens_weighs_nothing(reduce):
    empty = torch.zeros(2, 3, dtype=torch.bool)
    assert reduce(empty, 10).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("reduce", [token_mean, sequence_mean])
def test_a_mean_has_weights_that_sum_to_one(reduce):
    assert float(reduce(MASK, 10).sum()) == pytest.approx(1)
