"""A mixture of scripts: every rollout draws one of them and stays with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.scripted.agent import Scripted
from berrypick.envs.reading.view import look

#: Scripts of the mixtures and of the demonstrations, by number. A script that is added elsewhere changes none of them.
SCRIPTS: Final = (
    "names-only",
    "names+words",
    "initial-form",
    "byname",
    "open-and-read",
    "browse-by-links",
    "whole-question",
    "dense-first",
    "reformulate-on-miss",
)


class Mixture:
    """Draws a script per rollout, uniformly among those that can read the corpus."""

    name = "mixture"

    def __init__(self) -> None:
        self._scripts = [Scripted(script) for script in SCRIPTS]
        self._drawn: dict[int, Scripted] = {}

    def reads(self, corpus: str) -> bool:
        """Corpora that some script reads."""
        return any(script.reads(corpus) for script in self._scripts)

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row; the first call for a row draws its script."""
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def _act(self, row: EpisodeView, rng: np.random.Generator) -> str:
        view = look(row.history)
        if row.id not in self._drawn:
            able = [script for script in self._scripts if script.understands(view.question)] or self._scripts
            self._drawn[row.id] = able[int(rng.integers(len(able)))]
        return view.write(self._drawn[row.id].decide(view))
