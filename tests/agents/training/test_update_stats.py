"""Optimiser statistics by hand."""

from __future__ import annotations

from math import exp, log

import pytest
import torch
from torch import Tensor

from berrypick.agents.methods.batch import MicroBatch
from berrypick.agents.training.update_stats import Update, UpdateStats


def micro(ratios: list[float], advantages: list[float], mask: list[bool], marked: list[bool]) -> MicroBatch:
    """One episode; old log-probabilities are all -1."""

    def row(values: list[float]) -> Tensor:
        return torch.tensor([values])

    new = row([log(ratio) - 1 for ratio in ratios]).requires_grad_()
    old = torch.full_like(new, -1.0)
    advantage, whole, chosen = row(advantages), torch.tensor([mask]), torch.tensor([marked])
    return MicroBatch(new, old, old, old, None, advantage, whole, old, chosen, old, torch.tensor([True]), 1, 1, {})


def test_fractions_are_over_generated_tokens_of_all_micro_batches():
    tally = UpdateStats()
    # Ratio 1.3 counts where the advantage is positive, .7 where it is negative; the last token is not the policy's.
    tally.add(micro([1.3, 1.3, 0.7, 9.0], [1, -1, -1, 1], [True, True, True, False], [True, False, False, True]))
    tally.add(micro([1.1], [1], [True], [False]))
    tally.step(0.5, 2.0)
    tally.step(0.7, 4.0)
    found = tally.update()
    assert found.loss == pytest.approx(0.6) and found.grad_norm == 3.0
    assert (found.clip_fraction_high, found.clip_fraction_low, found.selected_tokens) == (1 / 4, 1 / 4, 1 / 4)
    kl = [ratio - 1 - log(ratio) for ratio in (1.3, 1.3, 0.7, 1.1)]
    assert found.approx_kl == pytest.approx(sum(kl) / 4, rel=1e-5)


def test_what_stands_at_other_tokens_means_nothing():
    tally = UpdateStats()
    tally.add(micro([1.0, float("nan")], [1, float("nan")], [True, False], [False, False]))
    tally.step(0.0, 0.0)
    assert tally.update() == Update(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_huge_ratio_stays_finite():
    tally = UpdateStats()
    tally.add(micro([exp(60)], [1], [True], [False]))
    tally.step(0.0, 0.0)
    # The log of the ratio is cut at 20.
    assert tally.update().approx_kl == pytest.approx(exp(20) - 21, rel=1e-5)


def test_nothing_trained_on_is_nothing_known():
    assert UpdateStats().update() == Update(None, None, None, None, None, None)
