"""Demonstrations whose way is drawn anew for each fact, and the batches that ``tiny-even`` was trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.pretraining import demonstrations as room
from berrypick.agents.training.pretraining import hops
from berrypick.agents.training.pretraining.demonstrations import Demonstrations


@pytest.fixture(scope="module")
def made() -> Demonstrations:
    return hops.play_hops(0, "train", "almanac-tiny")


def test_a_question_is_demonstrated_in_several_ways(made):
    vocabulary = make_tokenizer().get_vocab()
    by_prompt: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for number in range(len(made.ends)):
        ids, mask = made.sequence(number)
        first = int(np.flatnonzero(mask)[0])
        by_prompt.setdefault(tuple(ids[:first]), set()).add(tuple(ids[first:]))
        assert ids[mask][-1] == vocabulary["</answer>"]
    assert len(by_prompt) > 30  # of the 60 questions of a tiny world
    assert np.mean([len(episodes) for episodes in by_prompt.values()]) > 2
    assert make_tokenizer().unk_token_id not in made.ids and set(made.script.tolist()) == {0}


def test_the_same_world_gives_the_same_bytes(made):
    assert room.digest(hops.play_hops(0, "train", "almanac-tiny")) == room.digest(made)


def test_the_rate_is_warmed_up_and_falls_to_a_tenth():
    plan = hops.Hops(steps=100, fall=50, lr=2.0)
    # 1/50 of 2; all of 2 until 50 steps are left; at step 125 half is left, .1 + .9 / 2 of 2; last .1 + .9 / 50.
    assert [plan.rate(step) for step in (0, 60, 125, 149)] == pytest.approx([0.04, 2.0, 1.1, 2 * 0.118])


def test_every_third_batch_is_of_skewed_worlds(made, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(hops, "fit", lambda model, plan, batch, *_: drawn.extend(map(batch, range(6))) or model)
    monkeypatch.setattr(hops.Mixture, "batch", lambda self, step: self._seed)
    hops.train(make_tiny(len(make_tokenizer()), 0), hops.Hops(), [made, made], tmp_path)
    assert drawn == [0, 0, 1, 0, 0, 1]


def test_a_folded_temperature_divides_the_logits():
    model = make_tiny(len(make_tokenizer()), 0)
    ids = torch.tensor([[3, 5, 8, 13]])
    with torch.no_grad():
        before = model(ids).logits
        after = hops.fold(model, 0.5)(ids).logits
    assert torch.allclose(after, before / 0.5, rtol=1e-5, atol=1e-6)
