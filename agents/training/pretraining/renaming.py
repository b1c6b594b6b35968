"""Renaming: whenever a demonstration is drawn its entities get other names, so that no world can be remembered.

Almanac draws names alike from closed inventories. To swap first words within an inventory, keeping initials, and
stems, roles, adjectives and places likewise, turns an episode of one world into an episode of another: searches find
what they found before. Without it a tiny policy remembers the worlds of its demonstrations (docs/log/2026-11.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

import numpy as np

from berrypick.corpora.builders.almanac import inventory


def swappable() -> list[list[str]]:
    """Words that may take each other's place, group by group; no word is in two groups."""
    groups = [list(inventory.ADJECTIVES), list(inventory.PLACES)]
    for pool in inventory.POOLS.values():
        # "Hale Brockberg" is "H. Brockberg" too: its first word keeps its initial.
        groups += [list(words) for _, words in groupby(sorted(pool.firsts), key=itemgetter(0))]
        groups += [list(pool.stems), list(pool.roles)]
    return groups


class Renaming:
    """Draws renamings of tokens.

    Args:
        vocabulary: token -> its number.

    Attributes:
        names: tokens that belong to names. Shape (tokens,), bool.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        groups = [[vocabulary[word] for word in group] for group in swappable()]
        self._tokens = np.concatenate(groups)
        self._group = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        self._size = len(vocabulary)
        self.names = np.zeros(self._size, bool)
        self.names[self._tokens] = True

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return what each token becomes. Shape (tokens,), int64: a permutation that stays within groups."""
        becomes = np.arange(self._size)
        becomes[self._tokens] = self._tokens[np.argsort(self._group + rng.random(len(self._group)))]
        return becomes
