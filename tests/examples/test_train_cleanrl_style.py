"""The one-file example: its arithmetic by hand, that it masks, that it learns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'berrypick[sb3]'")


@pytest.fixture
def example(load: Callable[[str], ModuleType]) -> Any:
    return load("train_cleanrl_style")


def test_advantages_by_hand(example: Any):
    args = example.Args(gamma=0.5, trace=0.5)
    rewards, values = torch.tensor([[0.0], [1.0], [0.0]]), torch.tensor([[0.5], [0.5], [1.0]])
    ends = torch.tensor([[0.0], [1.0], [0.0]])
    gain = example.advantages(args, rewards, values, ends, torch.tensor([2.0]))
    # step 2: 0 + .5*2 - 1 = 0; step 1 ends: 1 - .5 = .5; step 0: 0 + .5*.5 - .5 + .5*.5*.5 = -.125
    assert gain.flatten().tolist() == [-0.125, 0.5, 0.0]


def test_the_policy_never_plays_what_is_masked(example: Any):
    torch.manual_seed(0)
    agent = example.Agent(4, 6)
    mask = torch.tensor([[True, False, False, True, False, False]])
    policy = agent.policy(torch.ones(1, 4), mask)
    assert policy.probs[0].tolist()[1:3] == [0.0, 0.0] and policy.probs.sum().item() == pytest.approx(1.0)
    assert set(policy.sample((200,)).flatten().tolist()) == {0, 3}


def test_it_writes_its_curve(example: Any, tmp_path: Path):
    example.main(example.Args(worlds=1, steps=256, envs=2, rollout=64, out=tmp_path))
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert [int(row["steps"]) for row in rows] == [128, 256]
    assert all(0.0 < float(row["entropy"]) < 6.0 for row in rows)


@pytest.mark.slow
def test_it_raises_its_reward(example: Any):
    """Measured: 0.03 after the first update, 0.52 after 18,432 steps."""
    _, curve = example.train(example.Args(steps=20_480, seed=0))
    assert curve[0]["reward"] < 0.15 and curve[-1]["reward"] > curve[0]["reward"] + 0.2
