"""The floor that searches: random queries, pages and answers from words seen so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.reading.view import View, look

#: Most words in a random query or answer.
MOST_WORDS = 4


class Random:
    """Does with equal probability whatever is allowed, with words and titles drawn from what it has seen."""

    name = "random"

    def reads(self, corpus: str) -> bool:
        """Every corpus."""
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row."""
        views = [look(row.history) for row in rows]
        return [view.write(_draw(view, rng)) for view, rng in zip(views, rngs, strict=True)]


def _draw(view: View, rng: np.random.Generator) -> Search | Open | Answer:
    titles = list(dict.fromkeys(title for page in view.passages for title in (page.title, *page.links)))
    kinds = ["answer", *(["search"] if view.searches_left > 0 else []), *(["open"] if titles else [])]
    match kinds[int(rng.integers(len(kinds)))]:
        case "search":
            engines = view.setup.engines
            return Search(words(view, rng), engines[int(rng.integers(len(engines)))])
        case "open":
            return Open(titles[int(rng.integers(len(titles)))])
        case _:
            return Answer(words(view, rng))


def words(view: View, rng: np.random.Generator) -> str:
    """A few words seen so far, drawn at random."""
    seen = [view.question, *(text for page in view.passages for text in (page.title, *page.sentences))]
    known = list(dict.fromkeys(word for text in seen for word in text.split()))
    count = 1 + int(rng.integers(MOST_WORDS))
    return " ".join(known[int(i)] for i in rng.integers(len(known), size=count)) if known else "?"
