"""What demonstrations are played in, in small."""

from __future__ import annotations

from collections.abc import Callable

import gymnasium
import pytest

from berrypick.agents.training.pretraining import demonstrations as room
from berrypick.envs.search import SearchEnv


@pytest.fixture(scope="session")
def small_env() -> Callable[[int, str], SearchEnv]:
    """Makes the environment of one world, of the smallest corpus."""

    def make(world: int, split: str) -> SearchEnv:
        env = gymnasium.make(
            room.ENVIRONMENT, corpus="almanac-tiny", worlds=(world,), split=split, disable_env_checker=True
        ).unwrapped
        assert isinstance(env, SearchEnv)
        return env

    return make
