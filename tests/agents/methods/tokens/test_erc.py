from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(micro, slopes):
    # entropy ratios 1.04, 1.06, 0.96, 0.94, and a token that was certain and is: bounds 0.95 and 1.05
    entropy, old = [[1.04, 1.06, 0.96, 0.94, 0.0]], [[1.0, 1.0, 1.0, 1.0, 0.0]]
    tokens = micro([[0.0] * 5], [[0.0] * 5], [1.0], entropy=entropy, old_entropy=old, weight=[[1.0] * 5])
    assert slopes(make("erc"), tokens)[0].tolist() == pytest.approx([-1, 0, -1, 0, -1])
    assert slopes(make("erc(low=0.5,high=0.5)"), tokens)[0].tolist() == pytest.approx([-1] * 5)


def test_the_value_is_that_of_clip_higher(micro):
    entropies = {"entropy": [[2.0, 0.1, 1.0]], "old_entropy": [[1.0] * 3]}
    tokens = micro([[0.5, -0.5, 0.1]], [[0.0] * 3], [[1.0, -1.0, 1.0]], **entropies)
    found, plain = (make(name).token_loss(tokens)[0].tolist() for name in ("erc", "clip_higher"))
    assert found == pytest.approx(plain)
