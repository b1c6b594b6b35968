"""How many ways: unbiased diversity from small counts. Pure functions; no records, no corpora.

Counts are how often each kind was seen (strategies of one task's successes, say). Every estimator here is an exact
expectation over subsets of fixed size, so its value does not drift with the number of successes: an agent that is
right more often is not thereby more diverse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, pairwise
from math import comb, exp, log, prod

import numpy as np
import numpy.typing as npt


def pairs_alike(counts: Sequence[int]) -> float:
    """Probability that two draws without replacement are of one kind: ``sum n(n-1) / (c(c-1))``.

    The unbiased estimate of ``sum p**2`` (Simpson 1949; Hurlbert 1971). A Hill number of order 2 is one over the
    mean of this over tasks (Hill 1973); averaging the ratio first is what keeps it unbiased.

    Raises:
        ValueError: fewer than two draws.
    """
    total = sum(counts)
    if total < 2:
        raise ValueError(f"pairs need at least 2 draws, got {total}")
    return sum(count * (count - 1) for count in counts) / (total * (total - 1))


def exp_entropy_at(counts: Sequence[int], m: int = 4) -> float:
    """Expected ``exp(H)`` of a subset of ``m`` draws, over all subsets: the Hill number of order 1 at equal size.

    H is the entropy in nats of the kinds within the subset (Hill 1973; rarefaction as in Hurlbert 1971), so the value
    lies in [1, m].

    Raises:
        ValueError: fewer than ``m`` draws, or ``m`` below 1.
    """
    if not 1 <= m <= sum(counts):
        raise ValueError(f"m must be in [1, {sum(counts)}], the number of draws; got {m}")
    return _exp_entropy_at(tuple(sorted(counts)), m)


@lru_cache(maxsize=65536)
def _exp_entropy_at(counts: tuple[int, ...], m: int) -> float:
    # State: how a partial subset is divided among kinds -> number of ways; kinds with the same share are alike.
    ways: dict[tuple[int, ...], int] = {(): 1}
    for count in counts:
        grown: dict[tuple[int, ...], int] = {}
        for shares, number in ways.items():
            for taken in range(min(count, m - sum(shares)) + 1):
                key = tuple(sorted((*shares, taken))) if taken else shares
                grown[key] = grown.get(key, 0) + number * comb(count, taken)
        ways = grown
    full = ((shares, number) for shares, number in ways.items() if sum(shares) == m)
    return sum(number * exp(-sum(n / m * log(n / m) for n in shares)) for shares, number in full) / comb(sum(counts), m)


def bigram_kernel(sequences: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """Cosine similarity of sequences by their bigrams, start and end being marked; shape (sequences, sequences).

    The order of the steps counts, and so does how often each pair of neighbours occurs. No bigram is shared unless
    two steps that follow each other are, so that sequences without a step in common are orthogonal.
    """
    counts = [Counter(pairwise((None, *sequence, None))) for sequence in sequences]
    column = {bigram: number for number, bigram in enumerate(dict.fromkeys(pair for count in counts for pair in count))}
    vectors = np.zeros((len(sequences), len(column)))
    for vector, count in zip(vectors, counts, strict=True):
        for bigram, times in count.items():
            vector[column[bigram]] = times
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors @ vectors.T)


def vendi_at(counts: Mapping[tuple[str, ...], int], m: int = 4) -> float:
    """Expected Vendi score of a subset of ``m`` sequences, over all subsets (Friedman & Dieng 2023).

    The Vendi score is ``exp(H)`` of the eigenvalues of ``K / m``, K being ``bigram_kernel`` of the subset: the
    effective number of sequences, where those that are alike in part count in part. It lies in [1, m], and is rounded
    to 1e-9, below which eigenvalues differ between machines.

    Args:
        counts: sequence to how often it was drawn.
        m: size of the subsets.

    Raises:
        ValueError: fewer than ``m`` draws, or ``m`` below 1.
    """
    total = sum(counts.values())
    if not 1 <= m <= total:
        raise ValueError(f"m must be in [1, {total}], the number of draws; got {m}")
    return _vendi_at(tuple(sorted((sequence, count) for sequence, count in counts.items() if count)), m)


@lru_cache(maxsize=65536)
def _vendi_at(counts: tuple[tuple[tuple[str, ...], int], ...], m: int) -> float:
    kernel = bigram_kernel([sequence for sequence, _ in counts])
    # Draws of one sequence are alike, so subsets are told apart by how often they hold each sequence.
    subsets = [list(subset) for subset in combinations_with_replacement(range(len(counts)), m)]
    ways = [prod(comb(counts[kind][1], taken) for kind, taken in Counter(subset).items()) for subset in subsets]
    index = np.array(subsets)
    shares = np.linalg.eigvalsh(kernel[index[:, :, None], index[:, None, :]] / m).clip(min=1e-300)
    scores = np.exp(-(shares * np.log(shares)).sum(axis=1))
    return round(float(np.dot(scores, ways)) / comb(sum(count for _, count in counts), m), 9)


def dominant_share(counts: Sequence[int]) -> float:
    """Share of the commonest kind.

    Raises:
        ValueError: nothing was counted.
    """
    if sum(counts) < 1:
        raise ValueError("a share needs at least 1 draw")
    return max(counts) / sum(counts)


def pass_at_k(n: int, c: int, k: int) -> float:
    """Probability that ``k`` of ``n`` rollouts hold one of the ``c`` right ones: ``1 - C(n-c, k) / C(n, k)``.

    The unbiased estimator of Chen et al. 2021 (Codex), in exact integers.

    Raises:
        ValueError: not ``0 <= c <= n`` or not ``1 <= k <= n``.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@k needs 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")
    return 1 - comb(n - c, k) / comb(n, k)


def mean_jaccard(sets: Sequence[Collection[str]]) -> float:
    """Mean Jaccard similarity over all pairs; two empty sets are alike.

    Raises:
        ValueError: fewer than two sets.
    """
    if len(sets) < 2:
        raise ValueError(f"pairs need at least 2 sets, got {len(sets)}")
    frozen = [frozenset(items) for items in sets]
    values = [len(a & b) / len(a | b) if a or b else 1.0 for a, b in combinations(frozen, 2)]
    return sum(values) / len(values)
