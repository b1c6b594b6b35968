"""Renaming turns an episode into one of another world."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.pretraining.renaming import Renaming, swappable
from berrypick.corpora.builders.almanac import inventory


@pytest.fixture(scope="module")
def vocabulary():
    return make_tokenizer().get_vocab()


def test_groups_part_the_inventories_and_first_words_keep_their_initials():
    words = [word for group in swappable() for word in group]
    assert len(set(words)) == len(words)
    for pool in inventory.POOLS.values():
        assert {*pool.firsts, *pool.stems, *pool.roles} <= set(words)
        # What says of which kind an entity is, and what it is called, stays.
        assert not {*pool.types, *pool.nouns} & set(words) - {""}
        for group in swappable():
            if set(group) & set(pool.firsts):
                assert set(group) <= set(pool.firsts) and len({word[0] for word in group}) == 1


def test_a_renaming_is_a_permutation_within_groups(vocabulary):
    becomes = Renaming(vocabulary).draw(seeding.rng(0, "renaming", 0))
    assert sorted(becomes) == list(range(len(vocabulary)))
    for group in swappable():
        numbers = [vocabulary[word] for word in group]
        assert sorted(becomes[numbers]) == sorted(numbers)
    assert all(becomes[vocabulary[word]] == vocabulary[word] for word in ("Question", "founded", "1757", "Press"))


def test_every_name_is_drawn_about_equally_often(vocabulary):
    # Four first words start with B: 2,000 draws, .25 +- 4 standard errors of .0097.
    renaming, mine = Renaming(vocabulary), vocabulary["Bela"]
    rng = seeding.rng(0, "renaming", 1)
    drawn = np.array([renaming.draw(rng)[mine] for _ in range(2000)])
    share = {word: float((drawn == vocabulary[word]).mean()) for word in ("Bela", "Benno", "Berit", "Bruna")}
    assert sum(share.values()) == 1 and all(abs(each - 0.25) < 0.039 for each in share.values())
