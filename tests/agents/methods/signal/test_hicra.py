"""HICRA: chosen tokens get A + alpha |A|; its controls choose as many."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.method import Annotation
from berrypick.agents.methods.seams import spread

PLANNING = torch.tensor([[1, 0, 1, 1], [0, 1, 0, 1]], dtype=torch.bool)


@pytest.fixture
def batch(played) -> Batch:
    """An episode of four tokens and one of two; the tokens beyond its end say what they like."""
    uniform = torch.tensor([[0.9, 0.1, 0.4, 0.2], [0.3, 0.8, 0.0, 0.0]])
    return played(
        [1.0, 0.0], [0, 0], lengths=[4, 2], planning=PLANNING, uniform=uniform, extra={"strategic": ~PLANNING}
    )


def test_by_hand(batch: Batch):
    # 1 + .2 * |1| = 1.2 on planning tokens of the good episode, -2 + .2 * |-2| = -1.6 on those of the bad one
    found = make("hicra").credit(batch, spread(batch, torch.tensor([1.0, -2.0])))
    assert found[0].tolist() == pytest.approx([1.2, 1.0, 1.2, 1.2])
    assert found[1, :2].tolist() == pytest.approx([-2.0, -1.6]) and found[1, 2:].tolist() == [0.0, 0.0]


def test_grams_are_another_choice_of_tokens(batch: Batch):
    method = make("hicra_grams(alpha=0.5)")
    assert method.annotators == (Annotation("strategic_ngrams", {"episodes": 512, "kept": 1.0}),)
    assert make("hicra").annotators == ()
    fewer = make("hicra_grams(episodes=64,kept=0.7)").annotators
    assert fewer == (Annotation("strategic_ngrams", {"episodes": 64, "kept": 0.7}),)
    # not planning here: token 1 of the first episode, token 0 of the second
    found = method.credit(batch, spread(batch, torch.tensor([1.0, -2.0])))
    assert found.tolist() == [[1.0, 1.5, 1.0, 1.0], [-1.0, -2.0, 0.0, 0.0]]


def test_the_control_takes_the_lowest_uniforms(batch: Batch):
    # three of the first episode: uniforms 0.1, 0.2, 0.4; one of the second: 0.3, those beyond its end do not count
    found = make("hicra_random").credit(batch, spread(batch, torch.tensor([1.0, 1.0])))
    assert found[0].tolist() == pytest.approx([1.0, 1.2, 1.2, 1.2])
    assert found[1].tolist() == pytest.approx([1.2, 1.0, 0.0, 0.0])
    # one of each for grams
    found = make("hicra_grams_random(alpha=1)").credit(batch, spread(batch, torch.tensor([1.0, 1.0])))
    assert found.tolist() == [[1.0, 2.0, 1.0, 1.0], [2.0, 1.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", ["hicra", "hicra_grams"])
def test_the_control_chooses_as_many_tokens_of_each_episode_and_others(played, name: str):
    draw = torch.Generator().manual_seed(3)
    lengths = torch.randint(1, 30, (64,), generator=draw)
    planning, strategic = (torch.rand(64, 29, generator=draw) < share for share in (0.4, 0.1))
    batch = played(
        [1.0] * 64, list(range(64)), lengths=lengths, planning=planning, extra={"strategic": strategic},
        uniform=torch.rand(64, 29, generator=draw),
    )  # fmt: skip
    chosen, control = (make(each).credit(batch, spread(batch, torch.ones(64))) > 1 for each in (name, f"{name}_random"))
    assert torch.equal(chosen.sum(1), control.sum(1)) and chosen.sum() > 50
    # Lots do not know what a token is for: k of an episode's n, drawn twice, have k^2 / n in common on average.
    expected = (chosen.sum(1).square() / lengths).sum() / control.sum()
    assert float((chosen & control).sum() / control.sum()) == pytest.approx(float(expected), abs=0.1)


@pytest.mark.parametrize("name", ["hicra", "hicra_random", "hicra_grams", "hicra_grams_random"])
def test_alpha_zero_is_the_base_to_the_bit(batch: Batch, name: str):
    advantage = torch.tensor([1 / 3, -0.7])
    assert torch.equal(
        make(f"{name}(alpha=0)").credit(batch, spread(batch, advantage)),
        make("grpo").credit(batch, spread(batch, advantage)),
    )


def test_what_was_retrieved_is_no_token_to_choose(batch: Batch):
    for name in ("hicra", "hicra_random", "hicra_grams", "hicra_grams_random"):
        credit, advantage = make(name).credit, torch.tensor([1.0, -1.0])
        other = replace(
            batch, planning=batch.planning | ~batch.mask, extra={"strategic": batch.extra["strategic"] | ~batch.mask},
            uniform=batch.uniform.where(batch.mask, 0.5),
        )  # fmt: skip
        assert torch.equal(credit(batch, spread(batch, advantage)), credit(other, spread(other, advantage))), name


def test_it_stands_on_clip_higher_and_beside_what_touches_other_seams():
    for other in ("clip_higher", "kl_cov", "adaptive_entropy", "fitness_sharing", "r3", "r3_filter"):
        for name in ("hicra", "hicra_grams"):
            assert make(f"{other}+{name}").credit is not make("grpo").credit
