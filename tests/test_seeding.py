"""Streams: three integers each, and no two share a draw."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from berrypick.seeding import ROLLOUTS_PER_TASK, SPLITS, rng, rollout_rng


def draws(*key: object) -> list[int]:
    return rng(*key).integers(2**63, size=500).tolist()


def test_it_is_numpys_generator_over_exactly_three_words():
    assert draws(5, "dev", 9) == np.random.default_rng([5, 1, 9]).integers(2**63, size=500).tolist()
    # NumPy reads [5], [5, 0] and [5, 0, 0] as one entropy; a third word that is always there keeps indices apart.
    assert draws(5, "train", 0) != draws(5, "train", 1)


def test_numbers_of_splits_are_for_ever():
    known = {"train": 0, "dev": 1, "test": 2, "rollout": 3, "task": 4, "fault": 5, "bootstrap": 6, "encoder": 7}
    assert known.items() <= SPLITS.items()
    assert sorted(SPLITS.values()) == list(range(len(SPLITS)))


def test_neighbours_share_no_draw():
    keys = [(seed, split, index) for seed in (0, 1, 2, 42, 43, 2**32 - 1) for split in SPLITS for index in (0, 1, 2)]
    seen = [number for key in keys for number in draws(*key)]
    assert len(set(seen)) == len(seen)


def test_the_same_key_gives_the_same_stream():
    assert draws(3, "task", 4) == draws(3, "task", 4) == draws(np.int64(3), "task", np.uint32(4))


@pytest.mark.parametrize("bad", [-1, 2**32, 2**40])
def test_words_out_of_range_are_refused(bad: int):
    with pytest.raises(ValueError, match=r"seed must be in \[0, 2\*\*32\)"):
        rng(bad, "train", 0)
    with pytest.raises(ValueError, match=r"index must be in \[0, 2\*\*32\)"):
        rng(0, "train", bad)
    rng(2**32 - 1, "train", 2**32 - 1)


@pytest.mark.parametrize("bad", [1.0, 1.5, "1", None])
def test_words_that_are_no_integers_are_refused(bad: object):
    with pytest.raises(TypeError):
        rng(bad, "train", 0)
    with pytest.raises(TypeError):
        rng(0, "train", bad)


def test_unknown_splits_are_refused():
    with pytest.raises(ValueError, match="unknown split 'tset'; known: train, dev, test"):
        rng(0, "tset", 0)


def test_rollouts_have_streams_of_their_own():
    last = ROLLOUTS_PER_TASK - 1
    assert rollout_rng(1, "rollout", 2, 3).random() == rng(1, "rollout", 2 * 4096 + 3).random()
    assert rollout_rng(1, "rollout", 0, last).random() != rollout_rng(1, "rollout", 1, 0).random()
    rollout_rng(1, "rollout", 2**20 - 1, last)
    for rollout in (-1, 4096):
        with pytest.raises(ValueError, match=r"rollout must be in \[0, 4096\)"):
            rollout_rng(1, "rollout", 0, rollout)
    with pytest.raises(ValueError, match="index must be in"):
        rollout_rng(1, "rollout", 2**20, 0)


def test_no_dependence_on_the_hash_seed():
    code = "from berrypick.seeding import rng; print(rng(1, 'test', 2).integers(2**63, size=5).tolist())"
    printed = {
        subprocess.run(
            [sys.executable, "-P", "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
