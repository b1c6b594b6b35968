"""Cloning: the same seed gives the same start, and the start does as its teachers do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from berrypick.agents.discrete.policy import load, sampler
from berrypick.agents.training.discrete import behaviour_cloning
from berrypick.agents.training.discrete.behaviour_cloning import TEACHERS, Cloning, clone, demonstrate
from berrypick.envs.discrete.choices import CHOICES
from berrypick.envs.discrete.env import AlmanacDiscrete
from berrypick.seeding import rng

WHERE = {"corpus": "almanac-tiny", "worlds": 2}
PLAN = Cloning(teachers=("words",), episodes=40, steps=80, size=64, lr=1e-2, width=32)


def test_the_same_seed_gives_the_same_start():
    reports: list[int] = []
    one, same = (demonstrate(PLAN, AlmanacDiscrete(**WHERE), reports.append) for _ in range(2))
    assert one.digest() == same.digest() and reports == [*range(40)] * 2
    first, second = clone(PLAN, one).state_dict(), clone(PLAN, same).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = demonstrate(Cloning(teachers=("words",), episodes=40, seed=1), AlmanacDiscrete(**WHERE))
    assert other.digest() != one.digest()


def test_decisions_are_legal_and_of_whole_episodes():
    decisions = demonstrate(Cloning(episodes=30), AlmanacDiscrete(**WHERE))
    assert decisions.legal.gather(1, decisions.action[:, None]).all()
    answers = sum(CHOICES[action].tool == "answer" for action in decisions.action.tolist())
    # An episode ends in at most one answer; few run out of turns before.
    assert 20 <= answers <= 30 < len(decisions.action)


def test_a_clone_does_as_its_teacher():
    decisions = demonstrate(PLAN, AlmanacDiscrete(**WHERE))
    losses: list[float] = []
    policy = clone(PLAN, decisions, lambda step, loss: losses.append(loss))
    assert len(losses) == 80 and losses[-1] < losses[0] / 4
    sample, draw = sampler(policy), rng(0, "sampling", 0)
    done = [
        sample(observation.numpy(), legal.numpy(), draw) == action
        for observation, legal, action in zip(*decisions, strict=True)
    ]
    # A policy of one way is certain: nearly every decision is the teacher's, a uniform one would be one in thirty.
    assert sum(done) > 0.6 * len(done)


def test_a_start_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(behaviour_cloning, "AlmanacDiscrete", lambda **_: AlmanacDiscrete(**WHERE))
    plan, done = Cloning(episodes=2, steps=3, width=8), []
    digest = behaviour_cloning.write_start(plan, tmp_path / "start", lambda *what: done.append(what))
    assert done == [("episode", 0, 2), ("episode", 1, 2), ("update", 0, 3), ("update", 1, 3), ("update", 2, 3)]
    assert digest == demonstrate(plan, AlmanacDiscrete(**WHERE)).digest()
    assert load(tmp_path / "start").width == 8
    before = (tmp_path / "start" / "model.safetensors").stat().st_mtime_ns
    assert behaviour_cloning.write_start(plan, tmp_path / "start") == digest
    assert (tmp_path / "start" / "model.safetensors").stat().st_mtime_ns == before


def test_teachers_are_several():
    assert len(set(TEACHERS)) >= 3
