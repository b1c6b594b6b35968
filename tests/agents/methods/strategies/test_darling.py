from __future__ import annotations

import pytest

from berrypick.agents.methods import make


def test_by_hand(played):
    batch = played([1.0, 1.0, 1.0, 0.0, 1.0], [0, 0, 0, 0, 1], strategy_id=[0, 0, 1, -1, 2])
    # Two of strategy 0: one of two rewarded peers differs. Strategy 1: both differ. Alone among the rewarded: 1.
    assert make("darling").shape(batch).tolist() == pytest.approx([0.5, 0.5, 1.0, 0.0, 1.0])


def test_a_group_of_one_strategy_earns_nothing(played):
    assert not make("darling").shape(played([1.0] * 3, [0] * 3, strategy_id=[4] * 3)).any()
