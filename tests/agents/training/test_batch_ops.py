"""Batches cut and joined."""

from __future__ import annotations

from dataclasses import replace

import torch

from berrypick.agents.methods.batch import Batch
from berrypick.agents.training.batch_ops import join, take
from berrypick.agents.training.update import by_length, parts
from berrypick.seeding import rng


def made(rewards: list[float], groups: list[int], strategy_ids: list[int], width: int) -> Batch:
    count = len(rewards)
    token = torch.arange(count * width, dtype=torch.float32).view(count, width)
    return Batch(
        reward=torch.tensor(rewards),
        group=torch.tensor(groups),
        strategy_id=torch.tensor(strategy_ids),
        mask=torch.ones((count, width), dtype=torch.bool),
        old_logprobs=-token,
        entropy=token,
        token_type=token.long() % 4,
        turn=token.long(),
        planning=token.long() % 2 == 0,
        uniform=token / (1 + token.max()),
        inputs={"ids": token.long(), "seen": token[..., None].repeat(1, 1, 3)},
    )


def test_rows_are_taken_from_everything():
    batch = made([1.0, 0.0, 1.0], [0, 0, 1], [0, -1, 1], 2)
    cut = take(batch, torch.tensor([2, 0]))
    assert cut.reward.tolist() == [1.0, 1.0] and cut.group.tolist() == [1, 0] and cut.strategy_id.tolist() == [1, 0]
    assert cut.old_logprobs.tolist() == [[-4.0, -5.0], [0.0, -1.0]]
    assert cut.inputs["ids"].tolist() == [[4, 5], [0, 1]] and cut.inputs["seen"].shape == (2, 2, 3)


def test_joined_batches_keep_their_groups_and_strategies_apart():
    joined = join([made([1.0, 0.0], [0, 0], [0, -1], 1), made([1.0, 1.0], [0, 1], [0, 0], 3)])
    assert joined.group.tolist() == [0, 0, 1, 2]
    assert joined.strategy_id.tolist() == [0, -1, 1, 1]
    assert joined.mask.tolist() == [[True, False, False]] * 2 + [[True] * 3] * 2
    assert joined.inputs["seen"].shape == (4, 3, 3) and joined.inputs["ids"][0].tolist() == [0, 0, 0]


def test_annotations_are_padded_with_nan_or_0():
    def asked(rewards: list[float], width: int, tokens: int) -> Batch:
        batch, ones = made(rewards, [0] * len(rewards), [0] * len(rewards), width), torch.ones(len(rewards), tokens)
        return replace(batch, extra={"strategic": batch.planning, "answer": -ones, "episode": ones[:, 0]})

    joined = join([asked([1.0], 1, 2), asked([1.0, 0.0], 3, 1)])
    assert joined.extra["answer"].nan_to_num(9).tolist() == [[-1.0, -1.0], [-1.0, 9.0], [-1.0, 9.0]]
    assert joined.extra["episode"].tolist() == [1.0, 1.0, 1.0]
    assert torch.equal(joined.extra["strategic"], joined.planning)
    assert joined.extra["strategic"][0].tolist() == [True, False, False]
    cut = take(joined, torch.tensor([2]))
    assert cut.extra["answer"].nan_to_num(9).tolist() == [[-1.0, 9.0]]
    assert take(made([1.0], [0], [0], 2), torch.tensor([0])).extra == {}


def test_strategies_of_a_round_without_success_stay_minus_one():
    joined = join([made([0.0], [0], [-1], 1), made([1.0], [0], [0], 1)])
    assert joined.strategy_id.tolist() == [-1, 0]


def test_parts_are_whole_groups_and_hold_each_row_once():
    group = torch.tensor([3, 3, 5, 5, 5, 9, 9, 1])
    found = list(parts(group, 3, rng(0, "training", 0)))
    assert sorted(torch.cat(found).tolist()) == list(range(8))
    assert [len(torch.unique(group[rows])) for rows in found] == [2, 1, 1]  # four groups in three parts
    for rows in found:
        for number in torch.unique(group[rows]):
            assert (group == number).sum() == (group[rows] == number).sum()


def test_more_parts_than_groups_are_as_many_as_groups():
    assert len(list(parts(torch.tensor([4, 4, 7]), 5, rng(0, "training", 0)))) == 2


def test_rows_are_scored_with_others_of_their_length():
    mask = torch.tensor([[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=torch.bool)
    # The last generated token stands at 4, 1, none and 2.
    assert [places.tolist() for places in by_length(mask, 2)] == [[2, 1], [3, 0]]
