"""The same loop on an accelerator: `pytest -m gpu` where there is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState

from berrypick.agents import make as make_agent
from berrypick.agents.training import loop, run_dir
from berrypick.agents.training.config import Config

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator here")]

WORLD = {"corpus": "almanac-tiny", "worlds": 1, "split": "train"}
TRACKS = {"text": "tiny-diverse", "discrete": "discrete-diverse"}
ENVS = {"text": "berrypick/Almanac-v0", "discrete": "berrypick/AlmanacDiscrete-v0"}


@pytest.fixture(autouse=True)
def _another_precision() -> Iterator[None]:
    """Accelerate settles on one precision a process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize("precision", ["no", "bf16"])
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("method", ["kl_reference", "kl_cov(ratio=0.1)+adaptive_entropy"])
def test_a_run_on_the_accelerator(tmp_path: Path, method: str, track: str, precision: str):
    config = Config(
        method,
        TRACKS[track],
        ENVS[track],
        WORLD,
        steps=2,
        prompts_per_step=4,
        group_size=4,
        minibatches_per_step=2,
        lr=1e-3,
        precision=precision,
    )
    torch.cuda.reset_peak_memory_stats()
    loop.train(config, tmp_path)
    assert torch.cuda.max_memory_allocated() > 1e6
    lines, _ = run_dir.read_metrics(tmp_path)
    assert len(lines) == 2
    for line in lines:
        assert line.tokens > 0 and line.entropy is not None and math.isfinite(line.entropy)
        assert line.grad_norm is None or math.isfinite(line.grad_norm)
    if track == "text":
        assert make_agent(f"lm:{tmp_path / run_dir.POLICY}").reads("almanac-small")
