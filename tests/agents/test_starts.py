"""Published starts are found by name, load, and play."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.agents import starts
from berrypick.agents.discrete.policy import load


def test_names_before_paths():
    assert starts.find("discrete-diverse") == str(starts.HERE / "discrete-diverse")
    for path in ("runs/one/policy", "../starts", ".", "discrete-divers", str(starts.HERE / "nothing")):
        assert starts.find(path) == path


@pytest.mark.parametrize("folder", sorted(starts.HERE.glob("discrete-*")), ids=lambda folder: folder.name)
def test_discrete_starts_load_and_have_a_card(folder: Path):
    policy = load(folder)
    assert 50_000 <= sum(parameter.numel() for parameter in policy.parameters()) <= 150_000
    assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
