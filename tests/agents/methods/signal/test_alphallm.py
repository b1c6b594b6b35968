"""AlphaLLM inside GRPO: a turn's score above its group's mean at that turn is added to the advantage."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Annotation
from berrypick.agents.methods.seams import spread


@pytest.fixture
def batch(played) -> Batch:
    """Two episodes of two turns and one of one turn in a group; a group of one. Beyond an end stands anything."""
    turn = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 9], [0, 0, 7, 7], [0, 1, 9, 9]])
    process = torch.tensor([[0.2, 0.2, 0.8, 0.8], [0.5, 0.4, 0.4, 5.0], [0.8, 0.8, 5.0, 5.0], [0.9, 0.1, 0.0, 0.0]])
    return played(
        [1.0, 0.0, 0.0, 1.0], [0, 0, 0, 1], lengths=[4, 3, 2, 2], turn=turn, extra={"process_reward": process}
    )


def test_by_hand(batch: Batch):
    """Turn 0: mean of .2, .5, .8 is .5. Turn 1, to which two came: mean of .8, .4 is .6. With weight .5:

    1 + .5 * (.2 - .5) = .85, 1 + .5 * (.8 - .6) = 1.1; 0 + 0, 0 + .5 * (.4 - .6) = -.1; -1 + .5 * .3 = -.85.
    A group of one has nothing to be compared with.
    """
    found = make("alphallm").credit(batch, spread(batch, torch.tensor([1.0, 0.0, -1.0, 2.0], dtype=torch.float64)))
    expected = [[0.85, 0.85, 1.1, 1.1], [0.0, -0.1, -0.1, 0.0], [-0.85, -0.85, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0]]
    assert found.flatten().tolist() == pytest.approx([number for row in expected for number in row], abs=1e-7)


def test_weight_zero_is_the_base(batch: Batch):
    advantage = torch.tensor([1.0, 0.0, -1.0, 2.0])
    assert torch.equal(
        make("alphallm(weight=0)").credit(batch, spread(batch, advantage)),
        make("grpo").credit(batch, spread(batch, advantage)),
    )


def test_turns_of_one_score_change_nothing(batch: Batch):
    """Near miss: scores that differ between turns but not within one."""
    level = replace(batch, extra={"process_reward": batch.turn.double()})
    advantage = torch.tensor([1.0, 0.0, -1.0, 2.0])
    assert torch.equal(
        make("alphallm").credit(level, spread(level, advantage)), make("grpo").credit(level, spread(level, advantage))
    )


def test_it_stands_beside_width():
    method = make("kl_cov+alphallm(episodes=64)")
    assert method.annotators == (Annotation("process_reward", {"episodes": 64}),)
    assert make("alphallm").annotators == (Annotation("process_reward", {"episodes": 512}),)
    assert not make("hicra").annotators and make("fitness_sharing+alphallm").annotators
    assert make("critique_grpo+alphallm").augment is not None
