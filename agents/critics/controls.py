"""Critiques that say nothing: what is gained with them is not gained by criticism."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from berrypick.agents.critics.base import Attempt
from berrypick.agents.critics.steps import step_by_step
from berrypick.errors import BadInput


def empty(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say nothing: a refinement with it is one more try that is told to be one."""
    return [""] * len(chosen)


def noise(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say as many words as ``steps`` does, drawn from what it says of an episode of another question.

    Raises:
        BadInput: all episodes are of one question.
    """
    return [_mixed(attempts, place, rng) for place, rng in zip(chosen, rngs, strict=True)]


def _mixed(attempts: Sequence[Attempt], place: int, rng: np.random.Generator) -> str:
    asked = attempts[place].trace.question.text
    others = [attempt for attempt in attempts if attempt.trace.question.text != asked]
    if not others:
        reason = "noise takes its words from episodes of another question; play at least two questions a step"
        raise BadInput(reason, field="critic")
    words = step_by_step(others[int(rng.integers(len(others)))]).split()
    length = len(step_by_step(attempts[place]).split())
    return " ".join(words[number] for number in rng.integers(len(words), size=length))
