"""A mixture: every rollout draws one of the scripts and stays with it. The reference for many ways of searching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from berrypick.agents.base import Row
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.envs.reading.view import look


class Mixture:
    """Draws a script per rollout, uniformly among those that can read the corpus."""

    name = "mixture"

    def __init__(self) -> None:
        self._scripts = [Scripted(script) for script in STRATEGIES]
        self._drawn: dict[int, Scripted] = {}

    def reads(self, corpus: str) -> bool:
        """Corpora that some script reads."""
        return any(script.reads(corpus) for script in self._scripts)

    def act(self, rows: Sequence[Row], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row; the first call for a row draws its script."""
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def _act(self, row: Row, rng: np.random.Generator) -> str:
        view = look(row.history)
        if row.id not in self._drawn:
            able = [script for script in self._scripts if script.understands(view.question)] or self._scripts
            self._drawn[row.id] = able[int(rng.integers(len(able)))]
        return view.write(self._drawn[row.id].decide(view))
