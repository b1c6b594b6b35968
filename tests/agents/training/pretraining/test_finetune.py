"""Starts are finished from the base: half second attempts, shares as named, resumable."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from berrypick.agents.lm.load import load
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining import build, fit
from berrypick.agents.training.pretraining import finetune as room
from berrypick.agents.training.pretraining.demonstrations import Demonstrations
from berrypick.agents.training.pretraining.finetune import NARROW, SHARES, Finishing, finish, write_start
from berrypick.errors import BadInput

PLAN = Finishing(SHARES["tiny-narrow"], steps=8, size=2, lr=1e-2)


def demonstrations(first: str) -> Demonstrations:
    vocabulary = make_tokenizer().get_vocab()
    words = f"{first} Hale Brockberg <open> Hale Brockberg </open> Hale Brockberg <answer> Hale Brockberg </answer>"
    ids = np.array([vocabulary[word] for word in words.split()] * len(SCRIPTS))
    mask = np.array(([False] * 3 + [True] * 4 + [False] * 2 + [True] * 4) * len(SCRIPTS))
    return Demonstrations(ids, mask, 13 * (1 + np.arange(len(SCRIPTS))), np.arange(len(SCRIPTS)))


SEEN = [demonstrations(first) for first in ("Question", "answer", "found")]


def test_shares_sum_to_one_and_the_narrow_start_has_one_script_nine_times_in_ten():
    for shares in SHARES.values():
        assert set(shares) == set(SCRIPTS) and sum(shares.values()) == pytest.approx(1)
    assert SHARES["tiny-narrow"][NARROW] == 0.9
    assert len(set(SHARES["tiny-diverse"].values())) == 1


def test_the_rate_is_warmed_up_and_falls_to_a_tenth():
    plan = Finishing({}, steps=200, lr=2.0)
    # 1/50 of 2; half-way .1 + .9 / 2 of 2; at the last step .1 + .9 / 200.
    assert [plan.rate(step) for step in (0, 100, 199)] == pytest.approx([2 / 50, 2 * 0.55, 2 * 0.1045])


def test_half_of_the_batches_are_second_attempts(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        room, "fit", lambda model, plan, batch, out, on_step: drawn.extend(map(batch, range(8))) or model
    )
    finish(make_tiny(len(make_tokenizer()), 0), PLAN, *SEEN, tmp_path)
    words = [make_tokenizer().convert_ids_to_tokens(int(batch.ids[0, 0])) for batch in drawn]
    assert words == ["Question", "answer", "Question", "found"] * 2


def test_a_run_that_was_cut_off_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "SAVED_EVERY", 3)

    def made(folder, on_step=lambda *_: None):
        return finish(make_tiny(len(make_tokenizer()), 0), PLAN, *SEEN, tmp_path / folder, on_step).state_dict()

    whole = made("whole")

    def cut(step, _):
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made("cut", cut)
    steps = []
    again = made("cut", lambda step, _: steps.append(step))
    assert steps == [3, 4, 5, 6, 7]
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_a_start_is_finished_from_the_worlds_up_to_a_policy(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "WORLDS", range(1))
    monkeypatch.setattr(room, "Finishing", lambda shares: dataclasses.replace(PLAN, shares=shares, steps=4))
    asked = []

    def collect(play, worlds, split, folder, *, jobs, done):
        asked.append((play.__name__, worlds, split, folder.name))
        done("train-0000")
        return SEEN[0]

    monkeypatch.setattr(build, "collect", collect)
    calls = []
    digest = write_start("tiny-narrow", tmp_path, on_progress=lambda *told: calls.append(told))
    assert calls == [("train-0000", 0, 3)] * 3 + [(told[0], number, 4) for number, told in enumerate(calls[3:], 1)]
    base, policy = load("tiny-base", "float32"), load(str(tmp_path / "policy"), "float32")
    assert policy.card == base.card
    before, after = base.model.state_dict(), policy.model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert write_start("tiny-narrow", tmp_path) == digest
    with pytest.raises(BadInput, match="another --out"):
        write_start("tiny-diverse", tmp_path)
    monkeypatch.setattr(room, "weights", lambda name: "made anew")
    with pytest.raises(BadInput, match="another --out"):
        write_start("tiny-narrow", tmp_path)
    assert asked[:3] == [
        ("play_scripts", range(1), "train", "demonstrations"),
        ("play_refinements", range(1), "train", "refinements"),
        ("play_shortcuts", range(1), "train", "shortcuts"),
    ]
