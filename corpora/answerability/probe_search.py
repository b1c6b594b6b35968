"""Asking the panel: every query goes to every engine once; masked lists are cut from deeper ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from berrypick.corpora.answerability.probe_queries import Place, Query
from berrypick.corpora.engines import open_engine
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.snippets import best_sentence, corpus_idf
from berrypick.corpora.store import Corpus
from berrypick.text import tokens

#: Ranks fetched once; masked lists are cut from them, which is exact because masks do not move ranks.
DEPTH: Final = 10
#: Queries sent at once: few enough that an engine still remembers them when they come again under a mask.
CHUNK: Final = 512
#: Genres that a knock-out masks.
MASKED_GENRES: Final = ("profile", "roster", "chronicle")


class Way(NamedTuple):
    """One way to a place: search with a query that needs ``name``, then open the page where ``opens`` is 1."""

    searches: int
    opens: int
    name: str
    engine: str
    place: Place


class Searcher:
    """Answers panel queries: every query goes to every engine once, in one batch.

    Args:
        corpus: what is searched.
        engines: names of engines.
        topk: length of a result list.
    """

    def __init__(self, corpus: Corpus, engines: Sequence[str], topk: int) -> None:
        self.corpus, self.engines, self.topk = corpus, tuple(engines), topk
        self._open = {name: open_engine(name, corpus) for name in engines}
        self._depth = max(DEPTH, topk)
        self._idf = corpus_idf(corpus)
        self._shown: dict[tuple[str, int], int] = {}
        self._tokens: dict[str, list[str]] = {}
        self.deep: dict[str, dict[str, tuple[int, ...]]] = {name: {} for name in engines}
        self._lists: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {}
        masks = {genre: corpus.genre_mask(genre) for genre in MASKED_GENRES}
        self.masks: dict[str, Mask] = {genre: mask for genre, mask in masks.items() if mask.any()}

    def ask(self, engine: str, texts: Iterable[str]) -> None:
        """Send queries to one engine, under no mask and under every genre's mask."""
        asked = list(dict.fromkeys(texts))
        for genre in ("", *self.masks):
            self._lists[engine, genre] = {}
        for start in range(0, len(asked), CHUNK):
            chunk = asked[start : start + CHUNK]
            hits = self._open[engine].search(chunk, self._depth)
            deep = {text: tuple(hit.index for hit in found) for text, found in zip(chunk, hits, strict=True)}
            self.deep[engine] |= deep
            self._lists[engine, ""] |= {text: found[: self.topk] for text, found in deep.items()}
            for genre, mask in self.masks.items():
                self._lists[engine, genre] |= self._masked(engine, deep, mask)

    def _masked(self, engine: str, deep: Mapping[str, tuple[int, ...]], mask: Mask) -> dict[str, tuple[int, ...]]:
        lists = {text: tuple(index for index in found if not mask[index])[: self.topk] for text, found in deep.items()}
        short = [text for text, kept in lists.items() if len(kept) < self.topk and len(deep[text]) == self._depth]
        hits = self._open[engine].search(short, self.topk, mask) if short else []
        return lists | {text: tuple(hit.index for hit in found) for text, found in zip(short, hits, strict=True)}

    def top(self, engine: str, text: str, genre: str = "") -> tuple[int, ...]:
        """Positions listed for a query, with the documents of ``genre`` masked out."""
        return self._lists[engine, genre][text]

    def shows(self, text: str, place: Place) -> bool:
        """Whether the snippet of a listed document is the sentence of the place."""
        if place.sentence is None:
            return True
        spot = text, place.document
        if spot not in self._shown:
            words = self._tokens.setdefault(text, tokens(text))
            self._shown[spot] = best_sentence(self.corpus.documents[place.document], words, self._idf)
        return self._shown[spot] == place.sentence


def ways_to(searcher: Searcher, places: Sequence[Place], queries: Iterable[Query], genre: str) -> list[Way]:
    """Every way by which a search leads to one of the places, the cheapest of those that need the same name.

    Args:
        searcher: has been asked all the queries.
        places: what is looked for.
        queries: the panel of the hop.
        genre: documents masked out, "" for none.
    """
    spots: dict[int, list[Place]] = {}
    for place in places:
        spots.setdefault(place.document, []).append(place)
    best: dict[tuple[str, str, Place], int] = {}
    for text, _, name in queries:
        for engine in searcher.engines:
            for index in searcher.top(engine, text, genre):
                for place in spots.get(index, ()):
                    opens = 0 if searcher.shows(text, place) else 1
                    best[name, engine, place] = min(opens, best.get((name, engine, place), 1))
    return [Way(1, opens, name, engine, place) for (name, engine, place), opens in best.items()]
