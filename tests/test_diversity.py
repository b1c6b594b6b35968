"""Every estimator against arithmetic done by hand, and against brute force over subsets."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import seeding
from berrypick.diversity import (
    bigram_kernel,
    dominant_share,
    exp_entropy_at,
    mean_jaccard,
    pairs_alike,
    pass_at_k,
    vendi_at,
)

COUNTS = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def test_pairs_alike_by_hand() -> None:
    # 3, 2 and 1 of 6: (3*2 + 2*1 + 1*0) / (6*5) = 8/30
    assert pairs_alike([3, 2, 1]) == pytest.approx(8 / 30)
    assert pairs_alike([7]) == 1.0
    assert pairs_alike([1, 1, 1]) == 0.0


def test_exp_entropy_by_hand() -> None:
    # 4 of 5 draws {a:3, b:2}. Leaving out an a (3 ways): 2+2, exp(log 2) = 2.
    # Leaving out a b (2 ways): 3+1, H = -(3/4 log 3/4 + 1/4 log 1/4), exp(H) = 4 / 27**(1/4) = 1.7548.
    assert exp_entropy_at([3, 2], 4) == pytest.approx((3 * 2 + 2 * 4 / 27**0.25) / 5)
    assert exp_entropy_at([1, 1, 1, 1], 4) == pytest.approx(4.0)
    assert exp_entropy_at([2, 2], 1) == pytest.approx(1.0)


@given(COUNTS, st.integers(1, 5))
def test_exp_entropy_is_the_mean_over_all_subsets(counts: list[int], m: int) -> None:
    draws = [kind for kind, count in enumerate(counts) for _ in range(count)]
    if len(draws) < m:
        with pytest.raises(ValueError, match="number of draws"):
            exp_entropy_at(counts, m)
        return
    values = []
    for subset in combinations(draws, m):
        shares = [n / m for n in Counter(subset).values()]
        values.append(exp(-sum(share * log(share) for share in shares)))
    assert exp_entropy_at(counts, m) == pytest.approx(sum(values) / len(values))


@given(COUNTS)
def test_order_of_kinds_does_not_matter(counts: list[int]) -> None:
    if sum(counts) >= 2:
        assert pairs_alike(counts) == pytest.approx(pairs_alike(counts[::-1]))
        assert exp_entropy_at(counts, 2) == exp_entropy_at(counts[::-1], 2)


@given(st.integers(2, 16))
def test_identical_samples_count_one(n: int) -> None:
    assert 1 / pairs_alike([n]) == 1.0
    assert exp_entropy_at([n], min(n, 4)) == 1.0
    assert dominant_share([n]) == 1.0


def test_bigram_kernel_by_hand() -> None:
    # a b: ^a ab b$; a: ^a a$; b a: ^b ba a$; c: ^c c$. One bigram in common of 3 and 2: 1 / sqrt(6).
    kernel = bigram_kernel([("a", "b"), ("a",), ("b", "a"), ("c",), ()])
    shared = 1 / sqrt(6)
    assert kernel[0] == pytest.approx([1, shared, 0, 0, 0])
    assert kernel[2] == pytest.approx([0, shared, 1, 0, 0])
    assert kernel[3] == pytest.approx([0, 0, 0, 1, 0])
    # a a: ^a aa a$; a a a: ^a aa aa a$, which has length sqrt(1 + 4 + 1): (1 + 2 + 1) / (sqrt(3) sqrt(6)).
    assert bigram_kernel(["aa", "aaa"])[0, 1] == pytest.approx(4 / sqrt(18))


def test_vendi_by_hand() -> None:
    # Two sequences of similarity s = 1/sqrt(6): eigenvalues of K/2 are (1 + s)/2 and (1 - s)/2.
    high, low = (1 + 1 / sqrt(6)) / 2, (1 - 1 / sqrt(6)) / 2
    apart = exp(-high * log(high) - low * log(low))
    assert vendi_at({("a", "b"): 1, ("a",): 1}, 2) == pytest.approx(apart)
    # Two of three draws {ab: 2, a: 1}: alike in one pair of three, apart in two.
    assert vendi_at({("a", "b"): 2, ("a",): 1}, 2) == pytest.approx((1 + 2 * apart) / 3)


def test_vendi_of_identical_and_of_orthogonal_sequences() -> None:
    assert vendi_at({("a", "b"): 16}) == pytest.approx(1)
    assert vendi_at({(letter,): 1 for letter in "abcd"}) == pytest.approx(4)
    assert vendi_at({(letter,): 1 for letter in "abcdefgh"}) == pytest.approx(4)


@given(COUNTS.filter(lambda counts: sum(counts) >= 4))
def test_vendi_of_orthogonal_sequences_is_the_exponential_of_entropy(counts: list[int]) -> None:
    assert vendi_at({(letter,): n for letter, n in zip("abcd", counts, strict=False)}) == pytest.approx(
        exp_entropy_at(counts, 4)
    )


@given(st.lists(st.text("ab", min_size=1, max_size=3).map(tuple), min_size=3, max_size=6))
def test_vendi_is_the_mean_over_all_subsets(drawn: list[tuple[str, ...]]) -> None:
    scores = []
    for subset in combinations(drawn, 3):
        shares = np.linalg.eigvalsh(bigram_kernel(subset) / 3)
        shares = shares[shares > 1e-12]
        scores.append(exp(-(shares * np.log(shares)).sum()))
    assert vendi_at(Counter(drawn), 3) == pytest.approx(np.mean(scores))
    assert 1 - 1e-9 <= vendi_at(Counter(drawn), 3) <= exp_entropy_at(list(Counter(drawn).values()), 3) + 1e-9


def test_dominant_share() -> None:
    assert dominant_share([3, 5, 2]) == 0.5  # 5 of 10


def test_pass_at_k_by_hand() -> None:
    assert pass_at_k(4, 1, 2) == 0.5  # 1 - C(3,2)/C(4,2) = 1 - 3/6
    assert pass_at_k(16, 0, 4) == 0.0
    assert pass_at_k(16, 16, 16) == 1.0
    assert pass_at_k(16, 1, 16) == 1.0  # C(15,16) = 0
    assert pass_at_k(5, 2, 1) == pytest.approx(2 / 5)  # pass@1 is the mean


@given(st.integers(1, 12), st.data())
def test_pass_at_k_is_the_share_of_subsets(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    subsets = list(combinations(range(n), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(min(subset) < c for subset in subsets) / len(subsets))


def test_mean_jaccard_by_hand() -> None:
    # {a,b} {b,c}: 1/3; {a,b} {}: 0; {b,c} {}: 0
    assert mean_jaccard([{"a", "b"}, {"b", "c"}, set()]) == pytest.approx(1 / 9)
    assert mean_jaccard([{"a"}, {"a"}]) == 1.0
    assert mean_jaccard([(), ()]) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: pairs_alike([1]),
        lambda: pairs_alike([]),
        lambda: exp_entropy_at([3], 4),
        lambda: exp_entropy_at([3], 0),
        lambda: vendi_at({("a",): 3}, 4),
        lambda: vendi_at({("a",): 3}, 0),
        lambda: dominant_share([]),
        lambda: pass_at_k(4, 5, 1),
        lambda: pass_at_k(4, 1, 5),
        lambda: pass_at_k(4, 1, 0),
        lambda: mean_jaccard([{"a"}]),
    ],
)
def test_too_little_to_say_is_an_error(call) -> None:
    with pytest.raises(ValueError):
        call()


@pytest.mark.parametrize("accuracy", [0.3, 0.9])
def test_a_mixture_of_known_shares_is_recovered_whatever_the_accuracy(accuracy: float) -> None:
    # Shares .5, .3, .2: sum p**2 = .25 + .09 + .04 = .38, D2 = 1/.38 = 2.63. At m = 4 the expectation of exp(H) over
    # four independent draws is computed below by enumeration; it is what D1 at m = 4 estimates.
    shares = np.array([0.5, 0.3, 0.2])
    truth = sum(
        np.prod(shares[list(draw)]) * exp_entropy_at(list(Counter(draw).values()), 4) for draw in np.ndindex(3, 3, 3, 3)
    )
    generator = seeding.rng(0, "mixture", int(accuracy * 10))
    alike, entropies = [], []
    for _ in range(300):
        counts = generator.multinomial(generator.binomial(16, accuracy), shares)
        if counts.sum() >= 2:
            alike.append(pairs_alike(counts.tolist()))
        if counts.sum() >= 4:
            entropies.append(exp_entropy_at(counts.tolist(), 4))
    assert 1 / np.mean(alike) == pytest.approx(1 / 0.38, rel=0.1)
    assert np.mean(entropies) == pytest.approx(truth, rel=0.05)
