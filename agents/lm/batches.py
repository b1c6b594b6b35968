"""Batches for pre-training: a copy warm-up, then demonstrations. Batch t is a function of (seed, t) alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from berrypick import seeding
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations

#: Tokens of a sequence that the warm-up has copied.
COPIED: Final = 40
#: Sequences that are drawn at once and sorted by length, so that a batch holds sequences of about one length.
POOL: Final = 16


class Sequences(NamedTuple):
    """A batch, padded on the right with token 0.

    Attributes:
        ids: tokens. Shape (n, T), int64.
        targets: tokens whose prediction is trained. Shape (n, T), bool.
    """

    ids: np.ndarray
    targets: np.ndarray


def copying(seed: int, step: int, size: int, vocabulary: int) -> Sequences:
    """Random tokens, the same again, and the same again as shuffled pairs; trained on what can be copied.

    Without this warm-up the policy does not learn to copy names from what it reads (docs/log.md, 2026-11-24).
    """
    draw = seeding.rng(seed, "training", step)
    shown = draw.integers(3, vocabulary, (size, COPIED))
    pairs = shown.reshape(size, COPIED // 2, 2)
    shuffled = np.stack([row[draw.permutation(COPIED // 2)] for row in pairs]).reshape(size, COPIED)
    targets = np.zeros((size, 3 * COPIED), bool)
    targets[:, COPIED + 1 : 2 * COPIED] = True
    targets[:, 2 * COPIED + 1 :: 2] = True  # the second of a pair follows from the first
    return Sequences(np.concatenate([shown, shown, shuffled], 1), targets)


class Mixture:
    """Batches of demonstrations, in which each script has a given share of the sequences.

    Args:
        demonstrations: what is drawn from, with replacement.
        shares: script -> its share; they sum to 1.
        size: sequences a batch.
        seed: of the draws.
    """

    def __init__(self, demonstrations: Demonstrations, shares: Mapping[str, float], size: int, seed: int) -> None:
        self._demonstrations, self._size, self._seed = demonstrations, size, seed
        self._lengths = np.diff(demonstrations.ends, prepend=0)
        self._of = [np.flatnonzero(demonstrations.script == number) for number in range(len(SCRIPTS))]
        self._shares = np.array([shares.get(script, 0.0) for script in SCRIPTS])

    def batch(self, step: int) -> Sequences:
        """Return batch ``step``; batches of one pool are drawn together and differ in length."""
        pool, place = divmod(step, POOL)
        draw = seeding.rng(self._seed, "demonstration", pool)
        scripts = draw.choice(len(SCRIPTS), POOL * self._size, p=self._shares)
        numbers = np.array([self._of[script][draw.integers(len(self._of[script]))] for script in scripts])
        order = numbers[np.argsort(self._lengths[numbers], kind="stable")]
        chosen = draw.permutation(order.reshape(POOL, self._size))[place]
        return self._padded(chosen)

    def _padded(self, numbers: np.ndarray) -> Sequences:
        sequences = [self._demonstrations.sequence(int(number)) for number in numbers]
        longest = max(len(ids) for ids, _ in sequences)
        ids, targets = np.zeros((len(sequences), longest), np.int64), np.zeros((len(sequences), longest), bool)
        for row, (tokens, mask) in enumerate(sequences):
            ids[row, : len(tokens)], targets[row, : len(tokens)] = tokens, mask
        return Sequences(ids, targets)
