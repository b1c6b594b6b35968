"""Worlds in memory: one read-only copy per process of each corpus, its engines and its word weights."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from berrypick import corpora, io
from berrypick.corpora import CORPORA, Corpus
from berrypick.corpora.answerability.mentions import fold, spelled
from berrypick.corpora.engines import ENGINES, Engine, open_engine
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.snippets import best_sentence, corpus_idf
from berrypick.envs.protocols import escape
from berrypick.errors import BadInput
from berrypick.records import Hit
from berrypick.registry import UnknownName
from berrypick.text import tokens


class World:
    """A corpus with the engines opened over it so far. Shared: nothing in it may be changed."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._engines: dict[str, Engine] = {}
        self._masks: dict[tuple[str, ...], Mask | None] = {(): None}
        self._without: dict[tuple[str, tuple[str, ...]], Engine] = {}

    def engine(self, name: str) -> Engine:
        """Return an engine, opening it (and building its index) on first use."""
        if name not in self._engines:
            self._engines[name] = open_engine(name, self.corpus)
        return self._engines[name]

    def mask(self, genres: tuple[str, ...]) -> Mask | None:
        """Return which documents are of these genres, None for no genres; shape (documents,).

        Raises:
            BadInput: the corpus has no document of a genre, so that knocking it out would change nothing.
        """
        if genres not in self._masks:
            each = [self.corpus.genre_mask(genre) for genre in genres]
            for genre, mask in zip(genres, each, strict=True):
                if not mask.any():
                    reason = f"no_{genre} changes nothing: {self.corpus.name} has no page of that genre"
                    raise BadInput(reason, field="knockouts")
            self._masks[genres] = np.logical_or.reduce(each)
        return self._masks[genres]

    def engine_without(self, name: str, genres: tuple[str, ...]) -> Engine:
        """Return an engine that does not list documents of these genres; the same one each time."""
        if (name, genres) not in self._without:
            engine, mask = self.engine(name), self.mask(genres)
            self._without[name, genres] = engine if mask is None else Without(engine, mask)
        return self._without[name, genres]

    def snippets(self, query: str, hits: Sequence[Hit]) -> tuple[tuple[int, int], ...]:
        """Return (document position, index of the sentence that fits the query best) for each hit."""
        words, idf, documents = tokens(query), corpus_idf(self.corpus), self.corpus.documents
        return tuple((hit.index, best_sentence(documents[hit.index], words, idf)) for hit in hits)

    def linked(self, position: int) -> tuple[int, ...]:
        """Positions of the documents that a page links to, those that exist."""
        known = self.corpus.position_of_title
        links = self.corpus.documents[position].links
        return tuple(dict.fromkeys(known[key] for title in links if (key := title.casefold()) in known))

    def find(self, title: str, seen: Collection[int]) -> int | None:
        """Return the position of a title as a policy writes it; those in ``seen`` also as they were shown."""
        wanted = fold(title)
        position = self.corpus.position_of_title.get(wanted)
        if position is not None:
            return position
        for other in sorted(seen):  # a title with odd blanks, or one that was escaped when shown
            shown = fold(self.corpus.documents[other].title)
            if wanted in (shown, escape(shown)):
                return other
        return None


class Without:
    """An engine that leaves documents out; see ``Engine``.

    Args:
        engine: what is asked.
        mask: documents that are left out. Shape (documents,).
    """

    def __init__(self, engine: Engine, mask: Mask) -> None:
        self.name = engine.name
        self._engine, self._mask = engine, mask

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank what is left of the corpus; see ``Engine.search``."""
        return self._engine.search(queries, k, self._mask if exclude is None else self._mask | exclude)


def names_title(text: str, title: str) -> bool:
    """Whether a title stands in a text as whole words, in any case."""
    return spelled(title, text)


def open_world(name: str, split: str, world: int) -> World:
    """Return a world, loading it on first use in this process.

    Args:
        name: a registered corpus, an added one, or a folder.
        split: of the world; ignored by corpora of one world.
        world: its number; ignored by corpora of one world.
    """
    return _open(io.home(), name, split, world) if has_worlds(name) else _open(io.home(), name, "", 0)


@lru_cache(maxsize=256)
def _open(home: Path, name: str, split: str, world: int) -> World:
    return World(corpora.load(name, split, world) if split else corpora.load(name))


def forget() -> None:
    """Drop the worlds of this process, so that they are loaded anew; environments keep those that they hold."""
    _open.cache_clear()


def has_worlds(name: str) -> bool:
    """Whether a corpus is a family of worlds."""
    return name in CORPORA and CORPORA[name].worlds


def check_corpus(name: str) -> None:
    """Raise UnknownName unless a corpus of this name or a folder of this path exists; loads nothing."""
    if name not in CORPORA and corpora.folder_of(name) is None:
        raise UnknownName("corpus", name, [*CORPORA, *corpora.added()])


def check_engine(name: str) -> None:
    """Raise UnknownName unless an engine of this name exists (``dense:hf:<path>`` is a ``dense``); opens nothing."""
    if name.partition(":")[0] not in ENGINES:
        raise UnknownName("engine", name, list(ENGINES))
