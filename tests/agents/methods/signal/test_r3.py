"""R3 and its filter."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.methods.method import Annotation
from berrypick.agents.methods.signal.r3 import too_flat, too_hard
from berrypick.errors import BadInput

NAN = math.nan


def double(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def answers(logprobs: Tensor, ranks: Tensor) -> dict[str, Tensor]:
    return {"answer_logprobs": logprobs, "answer_ranks": ranks}


@pytest.fixture
def batch(played) -> Batch:
    """Two episodes of one question, whose answer has three tokens, and one of another, whose answer has two."""
    answer = double([[-1.0, -2.0, -14.0], [-3.0, -2.0, -4.0], [-1.0, -0.5, NAN]])
    kind = torch.full((3, 4), TOKEN_TYPES.index("answer"))
    kind[1, 2:] = 0  # this one answered with two tokens, the first with three and the last with one
    return played([1.0, 0.0, 1.0], [7, 7, 9], lengths=[3, 4, 1], token_type=kind, extra=answers(answer, -answer))


def test_by_hand(batch: Batch):
    # l is at least -10. sigma of the first group: (1, 0, 3) from (-1, -3), (-2, -2), (-10, -4); weights 1/4, 0, 3/4.
    # R3 = (-1 - 30) / 4 = -7.75 and (-3 - 12) / 4 = -3.75; the other group has no spread: (-1 - .5) / 2 = -.75
    bare = make("r3(weight=1,length=0,outcome=0)")
    assert bare.annotators == (Annotation("reference_answer"),)
    assert bare.shape(batch).tolist() == pytest.approx([-7.75, -3.75, -0.75])
    # Length: 1 - 0 / 3, 1 - 1 / 3, 1 - 1 / 2.
    both = make("r3(weight=0.1,length=0.6,outcome=2)").shape(batch)
    assert both.tolist() == pytest.approx([2 + 0.1 * (-7.75 + 0.6), 0.1 * (-3.75 + 0.4), 2 + 0.1 * (-0.75 + 0.3)])


def test_an_answer_far_too_long_loses_no_more_than_the_whole_term(played):
    kind = torch.full((1, 9), TOKEN_TYPES.index("answer"))
    batch = played([0.0], [0], lengths=[9], token_type=kind, extra=answers(double([[-1.0]]), double([[0.0]])))
    # nine tokens for one: 1 - min(1, 8) = 0
    assert make("r3(weight=1,length=5,outcome=0)").shape(batch).tolist() == pytest.approx([-1.0])


def test_weight_zero_is_the_base_to_the_bit(batch: Batch):
    assert torch.equal(make("r3(weight=0)").shape(batch), make("grpo").shape(batch))


def test_equal_rewards_are_told_apart_and_equal_reasoning_is_not(played):
    method = make("r3")
    answer = double([[-1.0, -2.0], [-1.0, -3.0], [-0.3, -0.1], [-0.3, -0.1]])
    batch = played([0.0] * 4, [0, 0, 1, 1], extra=answers(answer, -answer))
    found = method.advantage(method.shape(batch), batch.group)
    assert found.tolist() == pytest.approx([1, -1, 0, 0], abs=1e-4) and found[2:].tolist() == [0, 0]


def test_too_hard_by_hand(played):
    rank = double([[0.0, 9.0, 1.0, 3.0, NAN], [2.0, 2.0, 50.0, 4.0, NAN], [8.0, 1.0, 1.0, 1.0, 1.0]])
    batch = played([0.0] * 3, [0, 0, 1], extra=answers(-rank, rank))
    # Worst half of four tokens: (9 + 3) / 2 = 6 and (50 + 4) / 2 = 27; of five, three: (8 + 1 + 1) / 3 = 10/3.
    for top, expected in ((28.0, [False] * 3), (6.5, [False] * 3), (6.0, [True, True, False]), (3.0, [True] * 3)):
        assert too_hard(batch, worst=0.5, top=top).tolist() == expected, top
    # At least one token: 9 and 50, 8.
    assert too_hard(batch, worst=0.01, top=8.5).tolist() == [True, True, False]


def test_too_flat_by_hand(played):
    answer = double([[-1.0, -2.0], [-1.0, -4.0], [-1.0, -1.0], [-1.0, -1.5], [-2.0, NAN], [-6.0, NAN]])
    batch = played([0.0] * 6, [4, 4, 2, 2, 8, 8], extra=answers(answer, -answer))
    # largest sigma: group 4 has 1, group 2 .25, group 8 2; the lowest third is one group, two thirds are two
    assert too_flat(batch, flat=0.34).tolist() == [False, False, True, True, False, False]
    assert too_flat(batch, flat=0.67).tolist() == [True] * 4 + [False] * 2
    assert not too_flat(batch, flat=0.3).any()  # not one whole group
    kept = make("r3_filter(flat=0.34,top=5,worst=1)").select(batch, batch.reward)
    # mean ranks: 1.5 and 2.5 in group 4, 2 and 6 in group 8: both have an episode below 5
    assert kept.tolist() == [True, True, False, False, True, True]


def test_what_stands_beyond_an_answer_or_outside_the_mask_means_nothing(batch: Batch):
    shape = make("r3").shape
    wider = {name: torch.cat([tensor, torch.full((3, 2), NAN)], 1) for name, tensor in batch.extra.items()}
    assert torch.equal(shape(replace(batch, extra=wider)), shape(batch))
    assert torch.equal(too_hard(replace(batch, extra=wider), worst=0.5, top=4.0), too_hard(batch, worst=0.5, top=4.0))
    # The second episode's answer tokens lie within its mask; what is called an answer beyond a mask is none.
    kind = batch.token_type.where(batch.mask, TOKEN_TYPES.index("think"))
    assert torch.equal(shape(replace(batch, token_type=kind)), shape(batch))


def test_it_stands_beside_what_touches_other_seams():
    for other in ("kl_cov", "adaptive_entropy", "hicra", "r3_filter", "dapo"):
        assert make(f"{other}+r3").annotators == (Annotation("reference_answer"),)
    assert make("fitness_sharing+r3_filter").annotators == (Annotation("reference_answer"),)
    with pytest.raises(BadInput, match="dapo and r3_filter both touch select"):
        make("dapo+r3_filter")
