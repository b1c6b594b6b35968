"""What a critic is: words on finished episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from berrypick.envs.scoring.outcome import Outcome
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import Stopped


class Attempt(NamedTuple):
    """A finished episode, and what ``envs.outcome.analyse`` reads off it."""

    trace: Trace
    outcome: Outcome


class Critic(Protocol):
    """Says in words how episodes went."""

    def __call__(
        self, attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]
    ) -> Sequence[str | None]:
        """Return one critique per chosen episode, None where there is none that can be used.

        Args:
            attempts: episodes that were played side by side.
            chosen: places of those to criticise.
            rngs: one generator per chosen episode, from ``seeding.rollout_rng(seed, "critique", task, rollout)``.

        Raises:
            BadInput: an episode of a question without answers.
        """
        ...


class CritiqueError(Stopped):
    """A judge model wrote no critique that can be used; the message says what it wrote and what to do."""
