from __future__ import annotations

from itertools import combinations

import pytest
import torch

from berrypick.agents.methods import make


def test_by_hand():
    reward, group = torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.zeros(4, dtype=torch.long)
    # pairs of 4: 6, of which 3 hold the right one: M = 1/2, s = 1/2. Right: (1 - 1/2) / (1/2) = 1.
    # Wrong: C(2, 1) / C(3, 1) = 2/3 of its pairs fail: (1/2 - 2/3) / (1/2) = -1/3.
    assert make("pass_at_k").advantage(reward, group).tolist() == pytest.approx([1.0, -1 / 3, -1 / 3, -1 / 3])
    # the best of a group: lead 1 over the second; deviation sqrt(3/16) = 0.4330127
    found = make("best_of_group").advantage(reward, group).tolist()
    assert found == pytest.approx([1 / 0.4330127, 0.0, 0.0, 0.0], abs=1e-4)


@pytest.mark.parametrize(("right", "size", "k"), [(1, 8, 2), (3, 8, 4), (2, 5, 3), (5, 8, 2)])
def test_it_is_the_mean_over_all_groups_of_k(right: int, size: int, k: int):
    """The reference: z-scores of the best reward of every group of k, averaged over the groups an episode is in."""
    reward = torch.tensor([1.0] * right + [0.0] * (size - right))
    groups = list(combinations(range(size), k))
    best = torch.tensor([float(reward[list(group)].max()) for group in groups], dtype=torch.float64)
    if best.min() == best.max():
        expected = [0.0] * size
    else:
        scores = (best - best.mean()) / best.std(correction=0)
        expected = [
            float(torch.stack([score for score, group in zip(scores, groups, strict=True) if one in group]).mean())
            for one in range(size)
        ]
    found = make(f"pass_at_k(k={k})").advantage(reward, torch.zeros(size, dtype=torch.long))
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
