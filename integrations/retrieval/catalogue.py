"""Which worlds and engines a server has: names from its command line, opened on first use, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from berrypick.corpora import SPLITS
from berrypick.envs import worlds
from berrypick.envs.perturbations.retriever import Retriever
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

#: Conditions whose retrievers are kept.
_KEPT: Final = 1024
_NUMBER: Final = re.compile(r"[0-9]{1,10}")


class Place(NamedTuple):
    """One world: a corpus, its split and number, as they stand in a path."""

    corpus: str
    split: str = "test"
    world: int = 0

    def __str__(self) -> str:
        return f"{self.corpus}/{self.split}/{self.world}" if worlds.has_worlds(self.corpus) else self.corpus


class Conditions(NamedTuple):
    """How a world is searched.

    Attributes:
        engine: name of the engine.
        knockouts: rows of ``knockouts.KNOCKOUTS``.
        faults: rows of ``faults.FAULTS``.
    """

    engine: str
    knockouts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def parse_place(text: str) -> Place:
    """Read ``CORPUS``, ``CORPUS/SPLIT`` or ``CORPUS/SPLIT/WORLD``; a corpus folder stands alone.

    Raises:
        UnknownName: no such corpus or split.
        BadInput: the world is no number.
    """
    try:
        worlds.check_corpus(text)
        return Place(text)
    except UnknownName:
        corpus, *rest = text.split("/")
        if not rest or len(rest) > 2:
            raise
    worlds.check_corpus(corpus)
    return Place(corpus, _split(rest[0]), _world(rest[1]) if len(rest) > 1 else 0)


class Catalogue:
    """The worlds and engines of a server.

    Args:
        roots: the first one answers where a path names none. Any world of these corpora can be named.
        engines: the first one searches where a request names none.
        most_worlds: worlds of a split that can be named, counted from 0.
        knocked_out: knock-outs that hold for every request.
        broken: faults that hold for every request, before its own.

    Raises:
        UnknownName: no such engine, knock-out or fault.
        BadInput: no place or no engine.
    """

    def __init__(
        self,
        roots: Sequence[Place],
        engines: Sequence[str],
        most_worlds: int,
        knocked_out: Sequence[str] = (),
        broken: Sequence[str] = (),
    ) -> None:
        if not roots or not engines or most_worlds < 1:
            raise BadInput("name at least one corpus, one engine and one world", field="corpora")
        for engine in engines:
            worlds.check_engine(engine)
        self.roots, self.engines, self.most_worlds = tuple(roots), tuple(engines), most_worlds
        self._always = Conditions(engines[0], tuple(knocked_out), tuple(broken))
        self._corpora = {place.corpus: place for place in reversed(self.roots)}
        self._retriever = lru_cache(maxsize=_KEPT)(self._open)

    @property
    def default(self) -> Place:
        """The world that answers where a path names none."""
        return self.roots[0]

    def place(self, corpus: str | None, split: str | None, world: str | None) -> Place:
        """Return the world that the parts of a path name.

        Raises:
            UnknownName: no such corpus here, or no such split.
            BadInput: the world is no number, or out of range.
        """
        if corpus is None:
            return self.default
        if corpus not in self._corpora:
            raise UnknownName("corpus", corpus, list(self._corpora))
        if split is None:
            return self._corpora[corpus]
        place = Place(corpus, _split(split), _world(world or "0"))
        most = max(self.most_worlds, *(known.world + 1 for known in self.roots))
        if worlds.has_worlds(corpus) and place.world >= most:
            raise BadInput(f"must be below {most} here, got {place.world}", field="world")
        return place

    def conditions(self, engine: str | None, knocked_out: Sequence[str], broken: Sequence[str]) -> Conditions:
        """Return how a request wants its world searched; names in one parameter are separated by commas.

        Raises:
            UnknownName: an engine that is not served.
        """
        if engine is not None and engine not in self.engines:
            raise UnknownName("engine", engine, list(self.engines))
        always = self._always
        more = tuple(name for name in _names(knocked_out) if name not in always.knockouts)
        return Conditions(engine or always.engine, always.knockouts + more, always.faults + _names(broken))

    def retriever(self, place: Place, conditions: Conditions) -> Retriever:
        """Return the retriever of a world, building and loading what is missing; for one thread at a time.

        Raises:
            UnknownName: as ``Retriever``.
            BadInput: as ``Retriever``.
        """
        return self._retriever(place, conditions)

    def forget(self) -> None:
        """Drop what is in memory, so that corpora are read anew."""
        self._retriever.cache_clear()
        worlds.forget()

    def _open(self, place: Place, conditions: Conditions) -> Retriever:
        world: World = worlds.open_world(place.corpus, place.split, place.world)
        return Retriever(world, conditions.engine, conditions.knockouts, conditions.faults)


def _split(text: str) -> str:
    if text not in SPLITS:
        raise UnknownName("split", text, list(SPLITS))
    return text


def _world(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"must be a whole number, got {text[:40]!r}", field="world")
    return int(text)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(",") if name)
