from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.method import loss


def test_by_hand(micro, slopes, scored):
    method = make("kl_cov(ratio=0.25,beta=0.5)")
    # means -2 and 0 -> covariances -1 * -1, 1 * 1, -2 * -2, 2 * 2 ... : the rare and punished token comes first
    scores = scored([-3.0, -1.0, -4.0, 0.0], [-1.0, 1.0, -2.5, 2.5])  # 1, 1, 5, 5: of equal ones the first
    marked = method.token_filter(scores)
    assert marked.tolist() == [[False, False, True, False]]  # int(.25 * 4) = 1
    tokens = micro([[-3.0, -1.0, -4.0, 0.0]], [[-3.0, -1.0, -4.5, 0.0]], [[-1.0, 1.0, -2.5, 2.5]], selected=marked)
    # weights 1/4; r of the third = exp(.5) = 1.6487213: (2.5 * 1.6487213 + .5) / 4 = 1.1554508
    assert slopes(method, tokens)[0].tolist() == pytest.approx([0.25, -0.25, 1.1554508, -0.625])
    # value: (1 - 1 + 2.5 * 1.6487213 - 2.5) / 4 + .5 * .5 / 4
    assert loss(method, tokens).item() == pytest.approx((2.5 * 1.6487213 - 2.5) / 4 + 0.0625)


def test_it_adds_nothing_before_the_first_update(micro, slopes):
    generator = torch.Generator().manual_seed(6)
    new = torch.randn(4, 6, dtype=torch.float64, generator=generator)
    tokens = micro(new, new, torch.randn(4, 6, generator=generator), selected=torch.ones(4, 6))
    assert torch.equal(slopes(make("kl_cov(beta=100)"), tokens), slopes(make("kl_cov(beta=0)"), tokens))


def test_afterwards_its_penalty_points_back(micro, slopes):
    """lp fell where A < 0 and rose where A > 0; the penalty alone pushes each back, by beta * weight."""
    advantage = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    old = torch.full((1, 4), -1.0, dtype=torch.float64)
    first = slopes(make("kl_cov"), micro(old, old, advantage))
    tokens = micro(old - 0.1 * first, old, advantage, selected=[[1, 1, 0, 0]])
    penalty = slopes(make("kl_cov(beta=1)"), tokens) - slopes(make("kl_cov(beta=0)"), tokens)
    # a step against the gradient: lp - lp_old = +.025, -.025: the penalty's gradient has its sign, 1/4 each
    assert penalty[0].tolist() == pytest.approx([0.25, -0.25, 0, 0])


@pytest.mark.parametrize(("name", "size", "expected"), [
    ("kl_cov", 500, 25), ("kl_cov", 2000, 100), ("kl_cov(ratio=2e-3)", 2000, 4), ("kl_cov(ratio=2e-4)", 2000, 1),
])  # fmt: skip
def test_how_many_are_marked(scored, name: str, size: int, expected: int):
    generator = torch.Generator().manual_seed(7)
    new, advantage = (torch.randn(size, generator=generator).tolist() for _ in range(2))
    assert int(make(name).token_filter(scored(new, advantage)).sum()) == expected
