"""The table of coefficients, region by region, as autograd sees them."""

from __future__ import annotations

import math

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.losses import BOUND, clipped_value

#: (r, A), then the slope under PPO, GPPO (below = above = 1, dual clip 10) and CISPO, bounds 0.8 and 1.28.
POINTS = [
    (2.0, 1.0, 0.0, 1.28, 1.28),
    (0.5, -1.0, 0.0, 0.8, 0.8),
    (2.0, -1.0, 2.0, 2.0, 1.28),
    (0.5, 1.0, 0.5, 0.5, 0.8),
    (1.1, 1.0, 1.1, 1.1, 1.1),
    (0.9, 1.0, 0.9, 0.9, 0.9),
    (1.1, -1.0, 1.1, 1.1, 1.1),
    (0.9, -1.0, 0.9, 0.9, 0.9),
    (12.0, -1.0, 0.0, 0.0, 1.28),  # beyond the dual clip
    (12.0, 1.0, 0.0, 1.28, 1.28),
]


@pytest.mark.parametrize("scale", [1.0, 2.5])
@pytest.mark.parametrize("column", [2, 3, 4], ids=["clip_higher", "gppo", "cispo"])
def test_the_table(micro, slopes, column: int, scale: float):
    method = make(("clip_higher(dual=10)", "gppo", "cispo(low=0.2,high=0.28)")[column - 2])
    advantage = [[scale * point[1] for point in POINTS]]
    tokens = micro([[math.log(point[0]) for point in POINTS]], [[0.0] * 10], advantage, weight=[[1.0] * 10])
    # loss = -A * slope * lp in gradient
    expected = [-scale * point[1] * point[column] for point in POINTS]
    assert slopes(method, tokens)[0].tolist() == pytest.approx(expected)


def test_values_are_those_of_ppo():
    """min(r A, clip(r) A), for A < 0 at least dual * A, over a grid."""
    ratio = torch.linspace(0, 12, 241, dtype=torch.float64)
    for advantage in (1.0, -1.0, 0.5, -2.0):
        each = torch.full_like(ratio, advantage)
        objective = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.28) * advantage)
        if advantage < 0:
            objective = objective.clamp(min=10 * advantage)
        assert torch.allclose(clipped_value(ratio, each, 0.2, 0.28, 10.0) * advantage, objective)


def test_slopes_are_those_of_autograd_on_ppo(micro, slopes):
    """-min(r A, clip(r) A), differentiated by torch, where nothing ties."""
    generator = torch.Generator().manual_seed(0)
    new, old, advantage = (torch.randn(4, 50, dtype=torch.float64, generator=generator) for _ in range(3))
    tokens = micro(new, old, advantage, weight=torch.ones(4, 50))
    ratio = (tokens.logprobs - tokens.old_logprobs).exp()
    plain = -torch.minimum(ratio * tokens.advantage, ratio.clamp(0.8, 1.2) * tokens.advantage).sum()
    expected = torch.autograd.grad(plain, tokens.logprobs)[0]
    assert torch.allclose(slopes(make("grpo(dual=inf)"), tokens), expected)


@pytest.mark.parametrize("name", ["grpo", "grpo(dual=inf)", "kl_cov", "clip_cov", "gspo", "cispo", "gppo", "reinforce"])
def test_distances_beyond_the_bound_stay_finite(micro, slopes, name: str):
    """exp(1000) is not a number; exp(20) = 4.85e8 is."""
    far = slopes(make(name), micro([[0.0], [-1000.0]], [[-1000.0], [0.0]], [-1.0, 1.0]))
    assert torch.isfinite(far).all() and float(far.abs().max()) <= math.exp(BOUND)


@pytest.mark.parametrize(
    "name", ["grpo", "dapo", "gspo", "cispo", "clip_higher", "gppo", "ce_gppo", "kl_cov", "clip_cov", "rloo"]
)
def test_before_the_first_update_all_are_one(micro, slopes, name: str):
    """-A * weight, whatever the bounds: what they do with a ratio takes a second update."""
    generator = torch.Generator().manual_seed(9)
    new, weight = (torch.rand(4, 6, generator=generator, dtype=torch.float64) for _ in range(2))
    advantage = torch.tensor([1.0, -0.5, 2.0, 0.0])
    tokens = micro(new, new, advantage, weight=weight)
    assert torch.allclose(slopes(make(name), tokens), -tokens.advantage * weight, atol=1e-6)


@pytest.mark.parametrize("name", ["grpo", "kl_cov", "clip_cov", "gspo", "cispo", "reinforce"])
def test_what_was_not_generated_has_loss_0(micro, name: str):
    nothing = float("nan")
    tokens = micro([[-1.0, nothing]], [[-1.5, nothing]], [[1.0, nothing]], mask=[[1, 0]])
    each = make(name).token_loss(tokens)[0].tolist()
    assert each[0] != 0 and each[1] == 0
