"""Nested corpora: one world written shard by shard, and each size is the beginning of the next.

All sizes ask the same questions, about the first shard; what grows is what else there is to find. The first shard is
named from the inventories of every other world, so that a closed vocabulary covers whatever is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from berrypick import seeding
from berrypick.corpora.builders.almanac.book import Shelf
from berrypick.corpora.builders.almanac.inventory import ADJECTIVES
from berrypick.corpora.builders.almanac.inventory_nested import MORE_ADJECTIVES, NESTED_POOLS
from berrypick.corpora.builders.almanac.pages import write_book
from berrypick.corpora.builders.almanac.questions import Asker
from berrypick.corpora.builders.almanac.world import Names, make_world
from berrypick.corpora.store import Draft

#: Entities of each kind in a shard: about 1,000 documents.
SHARD: Final = {"person": 120, "company": 28, "school": 12, "city": 18, "work": 34}
#: Questions of each family, about the first shard.
QUESTIONS: Final = 40
#: Index of the first shard's generator; the worlds of other sizes have small ones.
_FIRST: Final = 2**16
_ID: Final = "{:04d}-"


@dataclass
class SharedNames(Names):
    """Names of all shards. A byname is told from others by its words, whatever their order: engines see no order."""

    adjectives: tuple[str, ...] = ADJECTIVES
    words: set[frozenset[str]] = field(default_factory=set)

    def bynames(self, roles: tuple[str, ...], count: int, draw: np.random.Generator) -> list[str]:
        """Draw ``count`` bynames of two adjectives and a role."""
        bynames: list[str] = []
        while len(bynames) < count:
            one, other = (self.adjectives[i] for i in draw.integers(len(self.adjectives), size=2))
            role = roles[int(draw.integers(len(roles)))]
            words = frozenset((one, other, role))
            if one != other and words not in self.words:
                self.words.add(words)
                bynames.append(f"the {one} {other} {role}")
        return bynames


def shards(split: str, world: int, *, count: int, shares: dict[str, dict[str, float]]) -> Iterator[Draft]:
    """Write ``count`` shards one after the other, the first one with the questions.

    Args:
        split: train, dev or test; names, shares and randomness depend on it.
        world: number of the world within its split.
        count: how many; ids are in order up to 10,000, and names suffice for about 1,500.
        shares: split -> genre -> probability that the genre attests a fact.
    """
    names, shelf = SharedNames(), Shelf()
    for number in range(count):
        draw = seeding.rng(world, split, _FIRST + number)
        shelf.prefix = _ID.format(number)
        truth = make_world(SHARD, split, draw, names)
        book = write_book(truth, shares[split], False, draw, shelf)
        asked = QUESTIONS if number == 0 else 0
        questions = Asker(truth, book, draw).questions(asked, f"almanac-nested-{split}-{world}", split)
        yield Draft(list(book.documents.values()), questions, truth.entities)
        names.pools, names.adjectives = NESTED_POOLS, MORE_ADJECTIVES
