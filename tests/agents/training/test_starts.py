"""Published starts are found by name, load, and play."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.agents.training.numbers import load
from berrypick.agents.training.starts import STARTS, find_start


def test_names_before_paths():
    assert find_start("discrete-diverse") == STARTS / "discrete-diverse"
    for path in ("runs/one/policy", "../starts", ".", "discrete-divers", str(STARTS / "nothing")):
        assert find_start(path) == Path(path)


@pytest.mark.parametrize("folder", sorted(STARTS.glob("discrete-*")), ids=lambda folder: folder.name)
def test_discrete_starts_load_and_have_a_card(folder: Path):
    policy = load(folder)
    assert 50_000 <= sum(parameter.numel() for parameter in policy.parameters()) <= 150_000
    assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
