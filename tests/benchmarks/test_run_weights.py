"""A folder holds a run of the weights that it was played with, whatever their name."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from berrypick.agents import make, starts
from berrypick.agents.discrete import policy as discrete_policy
from berrypick.benchmarks.run import configure


def test_other_weights_are_another_configuration(tmp_path: Path):
    folder = tmp_path / "policy"
    shutil.copytree(starts.HERE / "discrete-diverse", folder)
    before = configure(f"discrete:{folder}", "quick", 0)
    policy = discrete_policy.load(folder)
    with torch.no_grad():
        next(policy.parameters()).add_(1.0)
    shutil.rmtree(folder)
    folder.mkdir()
    discrete_policy.save(policy, folder)
    after = configure(f"discrete:{folder}", "quick", 0)
    assert before.sources["weights"] != after.sources["weights"]
    assert {**before.sources, "weights": ""} == {**after.sources, "weights": ""}


def test_agents_without_weights_say_nothing_of_them():
    assert "weights" not in configure("discrete:fallbacks", "quick", 0).sources
    assert "weights" not in configure("random", "quick", 0).sources
    assert make("discrete:discrete-diverse").name == "discrete:discrete-diverse"
