"""Episodes to criticise: played by hand in the little world, and by agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from berrypick.agents.critics import Attempt
from berrypick.envs.scoring.outcome import analyse
from berrypick.envs.search import SearchEnv


@pytest.fixture
def attempt(little_env: Callable[..., Callable[[], SearchEnv]]) -> Callable[..., Attempt]:
    """Play a question of the little world action by action."""

    def play(question: str, *actions: str, **changes: Any) -> Attempt:
        env = little_env(**changes)()
        env.reset(seed=0, options={"question_id": question})
        for action in actions:
            env.step(action)
        return Attempt(env.trace, analyse(env.trace, env.engines))

    return play
