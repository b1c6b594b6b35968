"""Batches of pre-training: what is trained on is what can be known."""

from __future__ import annotations

import numpy as np
import pytest

from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining.batches import Mixture, follows
from berrypick.agents.training.pretraining.demonstrations import Demonstrations
from berrypick.agents.training.pretraining.renaming import Renaming


@pytest.fixture(scope="module")
def vocabulary():
    return make_tokenizer().get_vocab()


@pytest.fixture(scope="module")
def renaming(vocabulary):
    return Renaming(vocabulary)


def made() -> Demonstrations:
    # Sequence i has i + 2 tokens, all equal to i + 3 (tags: no names); the last is acted. Scripts take turns.
    count = 4 * len(SCRIPTS)
    lengths = np.arange(count) + 2
    ids = np.repeat(np.arange(count) + 3, lengths)
    mask = np.zeros(len(ids), bool)
    mask[np.cumsum(lengths) - 1] = True
    return Demonstrations(ids, mask, np.cumsum(lengths), np.arange(count) % len(SCRIPTS))


def test_a_batch_depends_on_seed_and_step_alone(renaming):
    def ids(seed, first):
        mixture = Mixture(made(), renaming, dict.fromkeys(SCRIPTS, 1 / len(SCRIPTS)), 4, seed)
        return [mixture.batch(step).ids.tolist() for step in range(first, first + 4)]

    assert ids(0, 3) == ids(0, 3)
    assert ids(0, 3) != ids(0, 4) and ids(0, 3) != ids(1, 3)


def test_shares_are_those_asked_for(renaming):
    mixture = Mixture(made(), renaming, {SCRIPTS[0]: 0.75, SCRIPTS[2]: 0.25}, size=16, seed=0)
    scripts = [(row[0] - 3) % len(SCRIPTS) for step in range(64) for row in mixture.batch(step).ids]
    # 1,024 draws: .75 +- 4 standard errors of .0135
    assert set(scripts) == {0, 2} and abs(scripts.count(0) / len(scripts) - 0.75) < 0.055


def test_padding_is_no_target_and_targets_are_what_was_acted(renaming):
    batch = Mixture(made(), renaming, {SCRIPTS[1]: 1.0}, size=5, seed=1).batch(2)
    for ids, acted in zip(batch.ids, batch.acted, strict=True):
        length = int((ids > 0).sum())
        assert length == ids[0] - 3 + 2 and acted.nonzero()[0].tolist() == [length - 1]


def test_sequences_of_a_batch_are_of_about_one_length(renaming):
    mixture = Mixture(made(), renaming, dict.fromkeys(SCRIPTS, 1 / len(SCRIPTS)), size=8, seed=0)
    spread = [np.ptp((mixture.batch(step).ids > 0).sum(1)) for step in range(16)]
    assert np.mean(spread) < 10  # lengths run from 2 to 37: eight drawn at random spread over about 27


def test_what_follows_from_the_token_before_it():
    # 5 6 7 5 6 6 5 6: the pairs 5-6 at 3-4 and at 6-7 stand there again; 6-6 and 6-5 and 7-5 are new.
    assert follows(np.array([5, 6, 7, 5, 6, 6, 5, 6])).nonzero()[0].tolist() == [4, 7]


def test_names_that_were_read_again_are_copied_and_each_draw_renames(renaming, vocabulary):
    words = "Question Hale Brockberg founded <open> Hale Brockberg </open> Hale Brockberg founded Hale Ostford".split()
    ids = np.array([vocabulary[word] for word in words])
    mask = np.array([False] * 4 + [True] * 4 + [False] * 5)
    demonstrations = Demonstrations(ids, mask, np.array([len(ids)]), np.array([0]))
    batches = [Mixture(demonstrations, renaming, {SCRIPTS[0]: 1.0}, 2, 0).batch(step) for step in range(8)]
    for batch in batches:
        # The second "Brockberg" was written; "founded" is no name; of "Hale Ostford" nothing can be foreseen.
        assert (batch.copied.nonzero()[1] == 9).all() and batch.copied.sum() == 2
        assert (batch.acted == mask).all()
        for row in batch.ids:
            assert row[1] == row[5] == row[8] == row[11] and row[2] == row[6] == row[9] != row[12]
            assert row[[0, 3, 4, 7, 10]].tolist() == ids[[0, 3, 4, 7, 10]].tolist()
    assert len({row[2] for batch in batches for row in batch.ids}) > 8


def test_names_are_said_again_behind_a_sequence_each_once_and_in_any_order(renaming, vocabulary):
    words = "Question Hale Brockberg founded <open> Hale Brockberg </open> Hale Ostford founded".split()
    ids, mask = np.array([vocabulary[word] for word in words]), np.arange(len(words)) == 5
    demonstrations = Demonstrations(ids, mask, np.array([len(ids)]), np.array([0]))

    def said(recited: int) -> set[tuple[tuple[int, ...], ...]]:
        mixture = Mixture(demonstrations, renaming, {SCRIPTS[0]: 1.0}, 1, 0, recited)
        found = set()
        for step in range(32):
            batch = mixture.batch(step)
            row = batch.ids[0].tolist()
            names = {(row[1], row[2]): 0, (row[8], row[9]): 1}
            found.add(tuple(names[pair] for pair in zip(row[11::2], row[12::2], strict=True)))
            # "Brockberg" was read again, then second words are foreseen; one token alone is acted.
            assert batch.copied[0].nonzero()[0].tolist() == [6, 12, 14][: 1 + len(row[11::2])]
            assert batch.acted[0].nonzero()[0].tolist() == [5]
        return found

    assert said(24) == {(0, 1), (1, 0)} and said(1) == {(0,), (1,)} and said(0) == {()}
