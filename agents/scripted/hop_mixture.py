"""A mixture of scripts that draws anew for each unknown fact: the measured ceiling of strategy diversity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.scripted.agent import Scripted
from berrypick.agents.scripted.mixture import SCRIPTS
from berrypick.agents.scripted.situation import Situation
from berrypick.agents.scripted.strategies import STRATEGIES
from berrypick.agents.surface.agent import Draws
from berrypick.envs.actions import Open, Search
from berrypick.envs.reading import reader
from berrypick.envs.reading.view import look
from berrypick.errors import BadInput

#: Most fallbacks; with more, nearly every script has its turn and the draw decides little.
MOST_FALLBACKS: Final = 2


class HopMixture:
    """Draws a script, and scripts to fall back on, anew for each unknown fact of an episode.

    In a corpus without a grammar it draws, for each page that is missing, ways of looking for it (``agents.surface``).

    Args:
        fallbacks: scripts that are tried in turn, in drawn order, where the first brings nothing; 0 to 2.
        drawn: draw the number of fallbacks for each episode, uniformly from 0 to ``fallbacks``.

    Raises:
        BadInput: another number of fallbacks.
    """

    def __init__(self, fallbacks: int = MOST_FALLBACKS, drawn: bool = False) -> None:
        if not 0 <= fallbacks <= MOST_FALLBACKS:
            raise BadInput(f"expected a number from 0 to {MOST_FALLBACKS}, found {fallbacks}", field="fallbacks")
        self.name = "hop_mixture" if fallbacks == MOST_FALLBACKS else f"hop_mixture:{fallbacks}"
        self._fallbacks, self._varies = fallbacks, drawn
        self._episodes: dict[int, _Draws | Draws] = {}

    def reads(self, corpus: str) -> bool:
        """Every corpus."""
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row; a row's generator draws its scripts whenever it meets a new unknown."""
        return [self._act(row, rng) for row, rng in zip(rows, rngs, strict=True)]

    def _act(self, row: EpisodeView, rng: np.random.Generator) -> str:
        view = look(row.history)
        if row.id not in self._episodes:
            count = int(rng.integers(self._fallbacks + 1)) if self._varies else self._fallbacks
            self._episodes[row.id] = (_Draws if reader.understand(view.question) else Draws)(1 + count)
        episode = self._episodes[row.id]
        episode.rng = rng
        return view.write(episode.decide(view))


def parse(argument: str) -> HopMixture:
    """Make one from the text behind ``hop_mixture:``; raises BadInput where it is no number from 0 to 2."""
    if not argument.isdecimal():
        raise BadInput(f"expected hop_mixture:N with N from 0 to {MOST_FALLBACKS}, found {argument!r}", field="N")
    return HopMixture(int(argument))


class _Draws(Scripted):
    """The scripts of one episode.

    Args:
        count: scripts an unknown.

    Attributes:
        rng: what draws; set before each decision.
    """

    rng: np.random.Generator

    def __init__(self, count: int) -> None:
        super().__init__(SCRIPTS[0])
        self._count = count
        self._drawn: dict[tuple[str, str, bool], list[str]] = {}

    def _actions(self, at: Situation) -> Iterable[Search | Open]:
        key = at.knowledge.key(at.unknown.entity), at.unknown.relation, at.unknown.inverse
        if key not in self._drawn:
            able = [script for script in SCRIPTS if STRATEGIES[script].form in at.language.forms]
            self._drawn[key] = [able[number] for number in self.rng.permutation(len(able))[: self._count]]
        return chain.from_iterable(STRATEGIES[script].ways(at) for script in self._drawn[key])
