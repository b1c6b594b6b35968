"""Wrappers for loops of one's own."""

from __future__ import annotations

from typing import Any

import gymnasium


class RecordOutcome(gymnasium.Wrapper[str, str, str, str]):
    """Puts what became of an episode into ``info["outcome"]`` at its end; see ``SearchEnv.outcome``."""

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        """Play one turn."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if terminated or truncated:
            info = info | {"outcome": self.env.get_wrapper_attr("outcome")()}
        return observation, reward, terminated, truncated, info
