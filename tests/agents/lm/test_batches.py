"""Batches of pre-training: what is trained on is what can be known."""

from __future__ import annotations

import numpy as np

from berrypick.agents.lm.batches import COPIED, Mixture, copying
from berrypick.agents.lm.demonstrations import SCRIPTS, Demonstrations


def test_what_is_copied_can_be_copied():
    batch = copying(0, 3, 4, 100)
    shown, again, shuffled = np.split(batch.ids, 3, axis=1)
    assert (shown == again).all() and shown.min() >= 3
    for row, pairs in zip(shown, shuffled.reshape(4, -1, 2), strict=True):
        assert sorted(map(tuple, pairs)) == sorted(map(tuple, row.reshape(-1, 2)))
    assert not batch.targets[:, : COPIED + 1].any()  # the first copied token cannot be foreseen
    assert batch.targets[:, COPIED + 1 : 2 * COPIED].all()
    assert batch.targets[:, 2 * COPIED :].reshape(4, -1, 2).sum(axis=(0, 1)).tolist() == [0, 4 * COPIED // 2]


def test_a_batch_depends_on_seed_and_step_alone():
    assert (copying(0, 3, 4, 100).ids == copying(0, 3, 4, 100).ids).all()
    assert (copying(0, 3, 4, 100).ids != copying(0, 4, 4, 100).ids).any()
    assert (copying(0, 3, 4, 100).ids != copying(1, 3, 4, 100).ids).any()


def made() -> Demonstrations:
    # Sequence i has i + 2 tokens, all equal to i + 3; the last is acted. Scripts take turns.
    count = 4 * len(SCRIPTS)
    lengths = np.arange(count) + 2
    ids = np.repeat(np.arange(count) + 3, lengths)
    mask = np.zeros(len(ids), bool)
    mask[np.cumsum(lengths) - 1] = True
    return Demonstrations(ids, mask, np.cumsum(lengths), np.arange(count) % len(SCRIPTS))


def test_shares_are_those_asked_for():
    mixture = Mixture(made(), {SCRIPTS[0]: 0.75, SCRIPTS[2]: 0.25}, size=16, seed=0)
    scripts = [(row[0] - 3) % len(SCRIPTS) for step in range(64) for row in mixture.batch(step).ids]
    # 1,024 draws: .75 +- 4 standard errors of .0135
    assert set(scripts) == {0, 2} and abs(scripts.count(0) / len(scripts) - 0.75) < 0.055


def test_padding_is_no_target_and_targets_are_what_was_acted():
    batch = Mixture(made(), {SCRIPTS[1]: 1.0}, size=5, seed=1).batch(2)
    for ids, targets in zip(batch.ids, batch.targets, strict=True):
        length = int((ids > 0).sum())
        assert length == ids[0] - 3 + 2 and targets.nonzero()[0].tolist() == [length - 1]


def test_sequences_of_a_batch_are_of_about_one_length():
    mixture = Mixture(made(), dict.fromkeys(SCRIPTS, 1 / len(SCRIPTS)), size=8, seed=0)
    spread = [np.ptp((mixture.batch(step).ids > 0).sum(1)) for step in range(16)]
    assert np.mean(spread) < 10  # lengths run from 2 to 37: eight drawn at random spread over about 27
