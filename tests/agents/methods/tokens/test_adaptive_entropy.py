from __future__ import annotations

import pytest
import torch

from berrypick.agents.methods import make
from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.methods.method import Method, loss


def test_control_by_hand():
    control = make("adaptive_entropy(target=0.5,step=0.01,ceiling=0.02)").control
    state = {"coefficient": 0.0, "active": 0.0}
    seen = []
    for entropy in (0.4, 0.4, 0.4, 0.5, 0.6, 0.7):  # not below the target from .5 on
        state = control(state, entropy)
        seen.append((pytest.approx(state["coefficient"]), state["active"]))
    assert seen == [(0.01, 1), (0.02, 1), (0.02, 1), (0.01, 0), (0.0, 0), (0.0, 0)]


def test_control_is_pure():
    method = make("adaptive_entropy")
    before = dict(method.state)
    assert method.control(method.state, 0.0) == method.control(method.state, 0.0) != before
    assert method.state == before == {"coefficient": 0.0, "active": 0.0}


@pytest.mark.parametrize(("active", "expected"), [(1.0, -0.03 * 1.5), (0.0, 0.0)])
def test_the_bonus_is_gated(micro, active: float, expected: float):
    tokens = micro(
        [[0.0, 0.0]], [[0.0, 0.0]], [0.0], entropy=[[1.0, 2.0]], state={"coefficient": 0.03, "active": active}
    )
    assert loss(make("adaptive_entropy"), tokens).item() == pytest.approx(expected)


def train(method: Method, micro, steps: int) -> list[float]:
    """A softmax over five actions of which one pays, under the exact gradient; entropies, in nats."""
    logits, state, seen = torch.zeros(5, dtype=torch.float64), dict(method.state), []
    advantage = torch.eye(5, dtype=torch.float64)[:, :1]
    for _ in range(steps):
        logits.requires_grad_()
        new = logits.log_softmax(0)
        entropy = -(new.exp() * new).sum()
        seen.append(entropy.item())
        state = method.control(state, seen[-1])
        each = micro(new.detach()[:, None], new.detach()[:, None], advantage - new.detach().exp()[0])
        fields = vars(each) | {"logprobs": new[:, None], "entropy": entropy.expand(5, 1), "state": state}
        fields["weight"] = new.detach().exp()[:, None]  # every action once, as often as it is taken
        (gradient,) = torch.autograd.grad(loss(method, MicroBatch(**fields)), logits)
        logits = (logits - 0.5 * gradient).detach()
    return seen


def test_it_settles_on_its_target(micro):
    alone = train(make("adaptive_entropy(ceiling=0)"), micro, 2000)
    assert alone[-1] < 0.05  # without a bonus the policy collapses
    held = train(make("adaptive_entropy(target=0.8,step=0.01,ceiling=5)"), micro, 2000)[1000:]
    assert sum(held) / len(held) == pytest.approx(0.8, rel=0.1)
    assert 0.64 < min(held) and max(held) < 0.96  # within 20 %
