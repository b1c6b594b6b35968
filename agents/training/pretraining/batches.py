"""Batches of renamed demonstrations for pre-training. ImitationBatch t is a function of (seed, t) alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from berrypick import seeding
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining.demonstrations import Demonstrations
from berrypick.agents.training.pretraining.renaming import Renaming

#: Sequences that are drawn at once and sorted by length, so that a batch holds sequences of about one length.
POOL: Final = 16


class ImitationBatch(NamedTuple):
    """Sequences, padded on the right with token 0.

    Attributes:
        ids: tokens. Shape (n, T), int64.
        acted: tokens that the script wrote. Shape (n, T), bool.
        copied: tokens of names that were read, not written, and follow from the token before them: the same two stand
            earlier in the sequence. Shape (n, T), bool.
    """

    ids: np.ndarray
    acted: np.ndarray
    copied: np.ndarray


class Mixture:
    """Batches of demonstrations, in which each script has a given share of the sequences.

    Args:
        demonstrations: what is drawn from, with replacement; renamed afresh each time.
        renaming: of their tokens.
        shares: script -> its share; they sum to 1.
        size: sequences a batch.
        seed: of the draws.
        recited: names that are said again behind each sequence, at most: what is copied in a demonstration mostly
            stands a few words away, and what was learned from that does not reach a hundred tokens back.
    """

    def __init__(
        self,
        demonstrations: Demonstrations,
        renaming: Renaming,
        shares: Mapping[str, float],
        size: int,
        seed: int,
        recited: int = 0,
    ) -> None:
        self._demonstrations, self._renaming, self._size, self._seed = demonstrations, renaming, size, seed
        self._recited = recited
        self._lengths = np.diff(demonstrations.ends, prepend=0)
        self._of = [np.flatnonzero(demonstrations.script == number) for number in range(len(SCRIPTS))]
        self._shares = np.array([shares.get(script, 0.0) for script in SCRIPTS])

    def batch(self, step: int) -> ImitationBatch:
        """Return batch ``step``; batches of one pool are drawn together and differ in length."""
        pool, place = divmod(step, POOL)
        draw = seeding.rng(self._seed, "demonstration", pool)
        scripts = draw.choice(len(SCRIPTS), POOL * self._size, p=self._shares)
        numbers = np.array([self._of[script][draw.integers(len(self._of[script]))] for script in scripts])
        order = numbers[np.argsort(self._lengths[numbers], kind="stable")]
        chosen = draw.permutation(order.reshape(POOL, self._size))[place]
        names = seeding.rng(self._seed, "renaming", step)
        return self._padded([self._renamed(int(number), names) for number in chosen])

    def _renamed(self, number: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        ids, acted = self._demonstrations.sequence(number)
        ids = self._renaming.draw(draw)[ids]
        said = draw.permutation(pairs(ids, self._renaming.names))[: self._recited].ravel() if self._recited else ids[:0]
        return np.append(ids, said), np.append(acted, np.zeros(len(said), bool))

    def _padded(self, sequences: Sequence[tuple[np.ndarray, np.ndarray]]) -> ImitationBatch:
        shape = (len(sequences), max(len(ids) for ids, _ in sequences))
        batch = ImitationBatch(np.zeros(shape, np.int64), np.zeros(shape, bool), np.zeros(shape, bool))
        for row, (ids, acted) in enumerate(sequences):
            batch.ids[row, : len(ids)], batch.acted[row, : len(ids)] = ids, acted
            batch.copied[row, : len(ids)] = follows(ids) & self._renaming.names[ids] & ~acted
        return batch


def follows(ids: np.ndarray) -> np.ndarray:
    """Tokens that stood behind the same token once before. Shapes: (T,) int64; (T,) bool."""
    pairs = ids[:-1] * (ids.max() + 1) + ids[1:]
    seen = np.ones(len(ids), bool)
    seen[0] = False
    seen[1 + np.unique(pairs, return_index=True)[1]] = False
    return seen


def pairs(ids: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Different pairs of tokens of names that stand beside each other, in the order of their numbers. Shape (n, 2)."""
    both = np.stack([ids[:-1], ids[1:]], axis=1)
    return np.unique(both[names[both].all(axis=1)], axis=0)
