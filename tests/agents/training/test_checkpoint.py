"""Checkpoints: nothing is lost, nothing damaged is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from berrypick.agents.training import checkpoint
from berrypick.errors import Damaged


def made(seed: int = 0) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    return module, torch.optim.AdamW(module.parameters(), lr=0.1)


def step(module: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    module(torch.ones(5, 3)).square().sum().backward()
    optimiser.step()


def test_going_on_is_never_having_stopped(tmp_path: Path):
    module, optimiser = made()
    step(module, optimiser)
    checkpoint.save(tmp_path, module, optimiser, 1, {"c": 0.25})
    step(module, optimiser)
    other, others = made(seed=1)
    found = checkpoint.restore(checkpoint.stored(tmp_path)[-1], other, others)
    assert (found.step, found.state) == (1, {"c": 0.25})
    step(other, others)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True))


def test_before_the_first_step_there_is_no_optimiser_state(tmp_path: Path):
    module, optimiser = made()
    checkpoint.save(tmp_path, module, optimiser, 0, {})
    other, others = made(seed=1)
    checkpoint.restore(checkpoint.stored(tmp_path)[-1], other, others)
    step(module, optimiser)
    step(other, others)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True))


def test_a_bounded_number_is_kept_newest_last(tmp_path: Path):
    module, optimiser = made()
    for number in (9, 10, 11, 999_999, 1_000_000):
        checkpoint.save(tmp_path, module, optimiser, number, {})
    assert [path.name for path in checkpoint.stored(tmp_path)] == ["step-999999", "step-1000000"]


@pytest.mark.parametrize("file", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, file: str, harm: str):
    module, optimiser = made()
    step(module, optimiser)
    checkpoint.save(tmp_path, module, optimiser, 1, {})
    (path,) = checkpoint.stored(tmp_path)
    data = bytearray((path / file).read_bytes())
    (path / file).unlink()
    if harm != "remove":
        data[len(data) // 2] ^= 0xFF
        (path / file).write_bytes(data[: len(data) // 2] if harm == "cut" else data)
    with pytest.raises(Damaged, match="delete this folder") as caught:
        checkpoint.restore(path, *made())
    assert caught.value.file == path


def test_a_checkpoint_of_another_policy_is_refused(tmp_path: Path):
    checkpoint.save(tmp_path, *made(), 1, {})
    (path,) = checkpoint.stored(tmp_path)
    other = nn.Linear(3, 4)
    with pytest.raises(Damaged, match="of another policy"):
        checkpoint.restore(path, other, torch.optim.AdamW(other.parameters()))
    wider = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2))
    with pytest.raises(Damaged, match="of another policy"):
        checkpoint.restore(path, wider, torch.optim.AdamW(wider.parameters()))
