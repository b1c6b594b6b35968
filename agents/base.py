"""The agent protocol: text in, text out, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from berrypick.errors import BadInput


class EpisodeView(NamedTuple):
    """One running episode as an agent sees it.

    Attributes:
        id: stable while the episode runs, never reused in a run; caches key on it.
        history: reset observation, action, observation, action, ..., observation.
    """

    id: int
    history: tuple[str, ...]


class Agent(Protocol):
    """Maps running episodes to their next actions."""

    name: str

    def reads(self, corpus: str) -> bool:
        """Whether the agent can read this corpus (registered name); cells it cannot read stay blank."""
        ...

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action text per row. ``rngs[i]`` belongs to ``rows[i]`` and to nothing else."""
        ...


@runtime_checkable
class Metered(Protocol):
    """An agent whose actions cost something that somebody pays for."""

    def cost(self) -> dict[str, float]:
        """What this agent has spent so far, by what it was spent on; sums over agents mean something."""
        ...


@runtime_checkable
class Weighted(Protocol):
    """An agent that acts by weights, which may change under the same name."""

    def weights(self) -> str:
        """Hash of its weights, "" where it has none in files here."""
        ...


class AgentDown(BadInput):
    """An agent cannot play at all, and no other row will fare better: it ends the run, not only an episode."""
