"""The only source of randomness: one generator for one (seed, split, index).

``seed + i`` makes neighbouring streams overlap; NumPy's ``SeedSequence`` over exactly three words does not.
Always three integers below 2**32: NumPy reads ``[5]``, ``[5, 0]`` and ``[5, 0, 0]`` as the same entropy and wraps
larger numbers into further words.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

#: Split or stream name -> its number. Append only: a number is part of every result made with it.
SPLITS: Final[dict[str, int]] = {
    "train": 0,
    "dev": 1,
    "test": 2,
    "rollout": 3,
    "task": 4,
    "fault": 5,
    "bootstrap": 6,
    "encoder": 7,
    "audit": 8,
    "mixture": 9,
    "sampling": 10,
    "demonstration": 11,
    "training": 12,
    "renaming": 13,
    "critique": 14,
    "salted": 15,
    "tree": 16,
    "completion": 17,
    "shortcut": 18,
}

ROLLOUTS_PER_TASK: Final = 4096


def rng(seed: int, split: str, index: int) -> np.random.Generator:
    """Return the generator of one (seed, split, index).

    Args:
        seed: 0 <= seed < 2**32.
        split: a name in ``SPLITS``.
        index: 0 <= index < 2**32.

    Raises:
        ValueError: an argument is out of range, or the split is unknown.
        TypeError: an argument is not an integer.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    # operator.index: a float is an error here, not a rounded seed.
    words = [operator.index(seed), SPLITS[split], operator.index(index)]
    for name, value in (("seed", words[0]), ("index", words[2])):
        if not 0 <= value < 2**32:
            raise ValueError(f"{name} must be in [0, 2**32), got {value}")
    return np.random.default_rng(words)


def salted_rng(secret: str, place: str) -> np.random.Generator:
    """Return the generator of one place (a world, by split, number and size); who lacks the secret cannot make it."""
    digest = hashlib.sha256(f"{secret} {place}".encode()).digest()
    return rng(int.from_bytes(digest[:4]), "salted", int.from_bytes(digest[4:8]))


def rollout_rng(seed: int, split: str, task: int, rollout: int) -> np.random.Generator:
    """Return the generator of one rollout of one task: ``rng(seed, split, task * 4096 + rollout)``."""
    if not 0 <= rollout < ROLLOUTS_PER_TASK:
        raise ValueError(f"rollout must be in [0, {ROLLOUTS_PER_TASK}), got {rollout}")
    return rng(seed, split, task * ROLLOUTS_PER_TASK + rollout)


@contextmanager
def torch_rng(seed: int) -> Iterator[None]:
    """Seed torch's global generator within the block, for libraries that draw weights from it; restore it after."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
