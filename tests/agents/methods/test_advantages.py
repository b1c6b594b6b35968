from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from berrypick.agents.methods.advantages import batch_centre, group_centre, group_zscore, leave_one_out, level

REWARD = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.5, 0.25])
GROUP = torch.tensor([7, 7, 7, 7, 2, 2])


def test_zscore():
    # group 7: mean 1/4, deviation sqrt((.75^2 + 3 * .25^2) / 4) = sqrt(.75 / 4) = .4330127
    # -> .75 / .4330127 = 1.7320508, -.25 / .4330127 = -.5773503; group 2: +-.125 / .125 = +-1; 1e-6 beside them
    expected = [1.732047, -0.577349, -0.577349, -0.577349, 0.999992, -0.999992]
    assert group_zscore(REWARD, GROUP).tolist() == pytest.approx(expected, abs=1e-6)


def test_centre():
    assert group_centre(REWARD, GROUP).tolist() == pytest.approx([0.75, -0.25, -0.25, -0.25, 0.125, -0.125])


def test_leave_one_out():
    # 1 - 0; 0 - (1 + 0 + 0) / 3; .5 - .25
    expected = [1.0, -1 / 3, -1 / 3, -1 / 3, 0.25, -0.25]
    assert leave_one_out(REWARD, GROUP).tolist() == pytest.approx(expected)


def test_batch_centre():
    # mean of all six: 1.75 / 6 = .2916667
    expected = [0.7083333, -0.2916667, -0.2916667, -0.2916667, 0.2083333, -0.0416667]
    assert batch_centre(REWARD, GROUP).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("advantage", [group_zscore, group_centre, leave_one_out])
@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1, 1 / 3])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_group_without_spread_has_exactly_no_advantage(advantage, reward: float, size: int):
    """Seven times 0.1 has a mean that is not 0.1 in single precision."""
    both = torch.tensor([reward] * size + [1.0, 0.0])
    found = advantage(both, torch.tensor([3] * size + [1, 1]))
    assert found[:size].tolist() == [0.0] * size
    assert found[size] > 0 > found[size + 1]


def test_a_step_without_spread_has_no_advantage():
    assert batch_centre(torch.full((7,), 0.1), torch.arange(7)).tolist() == [0.0] * 7


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 4)), min_size=1, max_size=20))
def test_advantages_of_a_group_sum_to_nothing(pairs: list[tuple[int, int]]):
    group, reward = (torch.tensor(column) for column in zip(*pairs, strict=True))
    for advantage in (group_zscore, group_centre, leave_one_out):
        found = advantage(reward.double(), group)
        for one in group.unique():
            assert abs(found[group == one].sum()) < 1e-9
        assert (found[level(reward.double(), group)] == 0).all()


def test_level():
    assert level(torch.tensor([1.0, 1.0, 0.0, 1.0, 5.0]), torch.tensor([0, 0, 1, 1, 2])).tolist() == [
        True, True, False, False, True,
    ]  # fmt: skip


def test_the_estimate_of_the_deviation_divides_by_one_less():
    # Rewards 1, 0, 0: mean 1/3; squares 4/9 + 1/9 + 1/9 = 6/9; ddof 0: sqrt(2/9), ddof 1: sqrt(3/9).
    reward, group = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64), torch.tensor([0, 0, 0, 1])
    for ddof, deviation in ((0, (2 / 9) ** 0.5), (1, (3 / 9) ** 0.5)):
        found = group_zscore(reward, group, ddof=ddof)
        expected = [2 / 3 / deviation, -1 / 3 / deviation, -1 / 3 / deviation, 0.0]
        assert found.tolist() == pytest.approx(expected, abs=1e-5)
