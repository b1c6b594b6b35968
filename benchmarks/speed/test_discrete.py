"""The discrete track under random legal actions."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import berrypick  # noqa: F401 - registers the environments
from berrypick import seeding
from berrypick.benchmarks.speed.measuring import BLOCKS, Measure

ID = "berrypick/AlmanacDiscrete-v0"
STEPS = 200


@pytest.fixture(scope="module")
def env() -> gymnasium.Env[Any, Any]:
    """One world, opened and warm: the first episodes read its pages for the first time."""
    if ID not in gymnasium.registry:
        pytest.skip(f"{ID} is not registered")
    env = gymnasium.make(ID, worlds=1, split="test")
    env.reset(seed=0)
    return env


@pytest.mark.parametrize("block", range(BLOCKS))
def test_discrete(block: int, env: gymnasium.Env[Any, Any], measure: Measure, benchmark: BenchmarkFixture) -> None:
    """Steps, with the resets between episodes and the choice of the actions."""
    state: dict[str, Any] = {"info": env.reset()[1]}

    def play(uniforms: list[float]) -> None:
        for uniform in uniforms:
            legal = np.flatnonzero(state["info"]["action_mask"])
            _, _, terminated, truncated, state["info"] = env.step(legal[int(uniform * len(legal))])
            if terminated or truncated:
                _, state["info"] = env.reset()

    draw = seeding.rng(2, "test", block)
    uniforms = (draw.random(STEPS).tolist() for _ in iter(int, 1))
    benchmark.extra_info["steps"] = STEPS
    measure("random", "AlmanacDiscrete", block, play, uniforms, 10)
