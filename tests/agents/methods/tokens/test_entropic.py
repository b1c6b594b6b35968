from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    method = make("entropic(target=0.5,proportional=2,integral=0.1)")
    # errors -0.2, then -0.1: alpha = 2 * -0.2 + 0.1 * -0.2 = -0.42, then 2 * -0.1 + 0.1 * -0.3 = -0.23
    first = method.control(method.state, 0.3)
    second = method.control(first, 0.4)
    assert (first["alpha"], second["alpha"]) == (pytest.approx(-0.42), pytest.approx(-0.23))
    tokens = micro([[-1.0], [-1.0]], [[-1.0], [-1.0]], [2.0, -1.0], weight=[[0.5], [0.5]], state={"alpha": -0.2})
    # gradient of grpo at ratio 1: -A / 2 = -1 and 0.5; times 1 + alpha = 0.8 and 1 - alpha = 1.2
    assert slopes(method, tokens).flatten().tolist() == pytest.approx([-0.8, 0.6])
    assert method.regularise(tokens).item() == pytest.approx(0.2 * (2 + 1) / 2)  # -alpha * sum of weight |A| r


def test_alpha_is_bounded():
    method = make("entropic")
    assert method.control(method.state, 99.0)["alpha"] == 1.0
    assert method.control({"error_sum": -1e6, "alpha": 0.0}, 0.0)["alpha"] == -1.0
