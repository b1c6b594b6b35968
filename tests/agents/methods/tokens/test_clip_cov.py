from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import Scores


def many(seed: int = 0, size: int = 2000) -> Scores:
    generator = torch.Generator().manual_seed(seed)
    new, advantage = (torch.randn(size // 20, 20, dtype=torch.float64, generator=generator) for _ in range(2))
    ones = torch.ones(new.shape, dtype=torch.bool)
    return Scores(new, new, torch.zeros_like(new), advantage, ones, np.random.default_rng(seed))


def test_by_hand(scored):
    # means -2 and 0 -> covariances (lp + 2) * A = 1, -1, 0, 0, 4, 2, -2, 0, in order -2 -1 0 0 0 1 2 4
    scores = scored([-1, -1, -2, -2, -6, -1, -4, 1], [1.0, -1, 1, -1, -1, 2, 1, -2])
    assert scores.logprobs.mean() == -2 and scores.advantage.mean() == 0
    # quantile .5: position 3.5 of 0..7 -> 0; quantile .9: position 6.3 -> 2 + .3 * 2 = 2.6: candidates 1 and 2
    # (covariances here: token 0 has 1 * 1, token 5 has 1 * 2, token 4 has -4 * -1 = 4)
    found = make("clip_cov(ratio=0.25,lower=0.5,upper=0.9)").token_filter(scores)  # int(.25 * 8) = 2
    assert found[0].nonzero()[:, 0].tolist() == [0, 5]


def test_marked_tokens_get_no_gradient_and_the_rest_get_that_of_ppo(micro, slopes):
    generator = torch.Generator().manual_seed(5)
    new, old, advantage = (torch.randn(4, 6, dtype=torch.float64, generator=generator) for _ in range(3))
    marked = torch.rand(4, 6, generator=generator) < 0.3
    tokens = micro(new, old, advantage, selected=marked)
    found, ppo = (slopes(make(name), tokens) for name in ("clip_cov", "grpo(low=1,high=1,dual=inf)"))
    assert (found[marked] == 0).all() and torch.equal(found[~marked], ppo[~marked])
    assert (ppo[marked] != 0).any()


def test_tokens_that_ppo_clips_are_no_candidates():
    scores = many()
    moved = replace(scores, logprobs=scores.old_logprobs + math.log(2.5))  # clipped where A > 0, high = 1
    marked = make("clip_cov(ratio=1,lower=0,upper=1)").token_filter(moved)
    assert marked.any() and (moved.advantage[marked] <= 0).all()


@pytest.mark.parametrize("size", [500, 1000, 2000])
def test_default_acts_at_our_scale(size: int):
    assert int(make("clip_cov").token_filter(many(size=size)).sum()) == size // 50


def test_the_papers_numbers_choose_one_token_of_few():
    paper = make("clip_cov(ratio=2e-4,lower=0.998,upper=0.9998)")
    assert int(paper.token_filter(many(size=2000)).sum()) == 1
    assert int(paper.token_filter(many(size=20000)).sum()) == 4


def test_the_generator_decides():
    first, again, other = (make("clip_cov").token_filter(many(0)), make("clip_cov").token_filter(many(0)), many(0))
    assert torch.equal(first, again)
    assert not torch.equal(first, make("clip_cov").token_filter(replace(other, rng=np.random.default_rng(1))))


def test_without_spread_nothing_is_marked():
    scores = many()
    assert not make("clip_cov").token_filter(replace(scores, advantage=torch.ones_like(scores.logprobs))).any()
