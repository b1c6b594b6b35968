"""Pre-training, whole but small: it learns, resumes to the same weights, and refuses another start's folder."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from berrypick.agents.lm.load import load
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.training.pretraining import fit
from berrypick.agents.training.pretraining import pretrain as room
from berrypick.agents.training.pretraining.build import claim
from berrypick.agents.training.pretraining.demonstrations import Demonstrations
from berrypick.agents.training.pretraining.pretrain import ALIKE, Pretraining, pretrain, write_start
from berrypick.errors import BadInput

PLAN = Pretraining(steps=6, fall=4, size=2, lr=1e-2)


def demonstrations() -> Demonstrations:
    vocabulary = make_tokenizer().get_vocab()
    words = "Question Hale Brockberg <open> Hale Brockberg </open> Hale Brockberg <answer> Hale Brockberg </answer>"
    ids = np.array([vocabulary[word] for word in words.split()] * len(SCRIPTS))
    mask = np.array(([False] * 3 + [True] * 4 + [False] * 2 + [True] * 4) * len(SCRIPTS))
    return Demonstrations(ids, mask, 13 * (1 + np.arange(len(SCRIPTS))), np.arange(len(SCRIPTS)))


def test_the_rate_is_warmed_up_and_falls_to_a_tenth():
    plan = Pretraining(steps=100, fall=50, lr=2.0)
    assert plan.total == 150
    # 1/50 of 2; all of it; at the middle of the fall .1 + .9 / 2; at its last step .1 + .9 / 50.
    assert [plan.rate(step) for step in (0, 49, 100)] == pytest.approx([0.04, 2, 2])
    assert [plan.rate(step) for step in (125, 149)] == pytest.approx([2 * 0.55, 2 * 0.118])


def test_losses_are_means_over_acted_and_over_copied_tokens():
    batch = room.Mixture(demonstrations(), room.Renaming(make_tokenizer().get_vocab()), ALIKE, 2, 0).batch(0)
    model = room.make_tiny(len(make_tokenizer()), 0)
    with torch.no_grad():
        logs = torch.log_softmax(model(torch.from_numpy(batch.ids)).logits, -1)
        acted, copied = fit.losses(model, batch)
    for loss, targets in ((acted, batch.acted), (copied, batch.copied)):
        each = [-float(logs[row, at - 1, batch.ids[row, at]]) for row, at in np.argwhere(targets)]
        assert float(loss) == pytest.approx(np.mean(each), rel=1e-5)
    assert np.argwhere(batch.copied).tolist() == [[0, 8], [1, 8]]


def test_a_run_that_was_cut_off_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "SAVED_EVERY", 4)
    whole = pretrain(PLAN, demonstrations(), demonstrations(), tmp_path / "whole").state_dict()

    def cut(step, _):
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(PLAN, demonstrations(), demonstrations(), tmp_path / "cut", cut)
    steps = []
    again = pretrain(
        PLAN, demonstrations(), demonstrations(), tmp_path / "cut", lambda step, _: steps.append(step)
    ).state_dict()
    assert steps == [4, 5, 6, 7, 8, 9]
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    lines = [json.loads(line) for line in (tmp_path / "cut" / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(10))
    assert lines[-1]["acted"] < lines[0]["acted"] - 0.5


def test_the_base_is_made_from_the_worlds_up_to_a_policy(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "WORLDS", range(1))
    monkeypatch.setattr(room, "WORLDS_AGAIN", range(1))
    monkeypatch.setattr(room, "Pretraining", lambda: PLAN)
    calls = []
    first = write_start(tmp_path, on_progress=lambda *told: calls.append(told))
    assert calls[:2] == [("train-0000", 0, 2)] * 2 and [told[1:] for told in calls[2:]] == [
        (n, 10) for n in range(1, 11)
    ]
    policy = load(str(tmp_path / "policy"), "float32")
    assert policy.card.corpora == ("almanac",) and sum(each.numel() for each in policy.model.parameters()) > 1e6
    assert write_start(tmp_path) == first
    monkeypatch.setattr(room, "Pretraining", lambda: dataclasses.replace(PLAN, seed=1))
    with pytest.raises(BadInput, match="another --out"):
        write_start(tmp_path)


def test_a_folder_is_one_starts(tmp_path):
    claim(tmp_path, {"start": "tiny-diverse", "plan": PLAN})
    claim(tmp_path, {"start": "tiny-diverse", "plan": PLAN})
    with pytest.raises(BadInput, match="another --out"):
        claim(tmp_path, {"start": "tiny-diverse", "plan": dataclasses.replace(PLAN, seed=1)})
