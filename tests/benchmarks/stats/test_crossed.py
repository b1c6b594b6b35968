"""The crossed bootstrap over seeds and questions, its equivalence test, and variance components by hand."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick import seeding
from berrypick.benchmarks.stats.crossed import Components, components, crossed, difference, diversity_difference
from berrypick.errors import BadInput


def test_components_of_two_seeds_and_two_questions():
    # Seeds' means 1.5 and 3.5, questions' means 2 and 3, total 2.5. Residuals: 1 - 1.5 - 2 + 2.5 = 0, and so all 0.
    # Variance between means of seeds 2 (ddof 1), of questions 0.5; the residual takes nothing away.
    assert components(np.array([[1.0, 2.0], [3.0, 4.0]])) == pytest.approx(Components(2.0, 0.5, 0.0))


def test_components_below_zero_are_zero():
    # All means are 0.5: residuals +-0.5, sum of squares 1, one degree of freedom: 1. Both others (2 * 0 - 1) / 2 < 0.
    assert components(np.array([[1.0, 0.0], [0.0, 1.0]])) == Components(0.0, 0.0, 1.0)


def test_the_standard_error_of_a_design():
    # 0.02 / 2 + 0.12 / 4 + 0.48 / 8 = 0.01 + 0.03 + 0.06 = 0.1
    assert Components(0.02, 0.12, 0.48).standard_error(2, 4) == pytest.approx(0.1**0.5)


def test_replicates_are_means_over_drawn_seeds_and_questions():
    """Against the definition: draw indices, take the sub-table, average."""
    values = np.arange(6.0).reshape(2, 3) ** 2
    weights = [
        seeding.rng(3, "bootstrap", stream).multinomial(size, np.full(size, 1 / size), size=2000)
        for stream, size in ((2**16, 2), (2**16 + 1, 3))
    ]
    for number in (0, 1, 1999):
        seeds, questions = (np.repeat(np.arange(len(drawn[number])), drawn[number]) for drawn in weights)
        expected = values[np.ix_(seeds, questions)].mean()
        assert crossed(values, 3).replicates[number] == pytest.approx(expected)


def test_the_error_covers_seeds_that_all_questions_share():
    """Only seeds differ (sd 0.1): the error is 0.1 / sqrt(16), however many questions repeat them.

    The bootstrap's variance has (n - 1) / n of the sample's, here that of 16 seeds drawn once.
    """
    of_seed = seeding.rng(0, "task", 0).normal(0, 0.1, 16)
    found = crossed(np.repeat(of_seed[:, None], 200, axis=1), 0)
    assert found.standard_error == pytest.approx(float(np.std(of_seed)) / 4, rel=0.08)


def test_the_error_covers_questions_that_all_seeds_share():
    of_question = seeding.rng(0, "task", 1).normal(0, 0.3, 100)
    found = crossed(np.repeat(of_question[None, :], 5, axis=0), 0)
    assert found.standard_error == pytest.approx(float(np.std(of_question)) / 10, rel=0.08)


def test_pairing_takes_out_what_both_arms_share():
    shared = seeding.rng(0, "task", 2).normal(0, 1, (4, 50))
    found = difference(shared + 0.1, shared, 0)
    assert found.value == pytest.approx(0.1) and found.excludes_zero
    assert found.interval == pytest.approx((0.1, 0.1))


def test_equivalence_needs_the_interval_within_the_margin():
    """Seeds at -0.1 and 0.1 and nothing else: resamples are -0.1, 0 and 0.1, so the 90 % interval is [-0.1, 0.1]."""
    found = crossed(np.array([[-0.1] * 3, [0.1] * 3]), 0)
    assert found.interval == pytest.approx((-0.1, 0.1)) and not found.excludes_zero
    assert found.is_equivalent(0.11) and not found.is_equivalent(0.09)


def test_no_significance_is_not_equivalence():
    noisy = seeding.rng(0, "task", 3).normal(0, 1, (3, 20))
    found = crossed(noisy, 0)
    assert not found.excludes_zero and not found.is_equivalent(0.05)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((1, 5)), "two seeds and two questions"),
        (np.zeros(5), "two seeds and two questions"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), r"\(seed, question\) \(0, 1\)"),
    ],
)
def test_what_cannot_be_resampled_says_so(values: np.ndarray, message: str):
    with pytest.raises(BadInput, match=message):
        crossed(values, 0)


def test_arms_of_other_shapes_and_a_margin_of_zero_say_so():
    with pytest.raises(BadInput, match="same seeds and questions"):
        difference(np.zeros((2, 3)), np.zeros((2, 4)), 0)
    with pytest.raises(BadInput, match="above 0"):
        crossed(np.zeros((2, 2)), 0).is_equivalent(0.0)


def test_the_difference_of_two_diversities():
    """Chances that two successes are alike of 1/2 against 1: 2 - 1 strategies; a missing value counts in neither."""
    first, second = np.full((3, 40), 0.5), np.ones((3, 40))
    first[0, 0], second[0, 1] = np.nan, np.nan
    second[0, 0] = 0.25  # has no partner
    found = diversity_difference(first, second, 0)
    assert (found.value, found.seeds, found.questions) == (1.0, 3, 40)
    assert found.interval == pytest.approx((1.0, 1.0)) and found.excludes_zero
    with pytest.raises(BadInput, match="the same seeds and questions"):
        diversity_difference(first, second[:2], 0)


def test_seeds_that_differ_widen_the_interval_of_a_diversity():
    rng = seeding.rng(0, "bootstrap", 3)
    noise = rng.uniform(0.3, 0.7, size=(4, 60))
    alike = diversity_difference(noise, np.full((4, 60), 0.5), 0)
    shifted = diversity_difference(noise + np.array([[0.2], [-0.2], [0.1], [-0.1]]), np.full((4, 60), 0.5), 0)
    assert shifted.standard_error > 2 * alike.standard_error
