"""What a retrieval server does with a request, apart from HTTP: find the world, search in batches, write the answer."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

import berrypick
from berrypick.corpora.service.batching import Batcher
from berrypick.corpora.service.counters import Counters
from berrypick.corpora.service.dialects import Limits, RetrievalRequest, encode_document, parse, respond
from berrypick.envs.perturbations.retriever import Found, Retriever, Search
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.integrations.retrieval.catalogue import Catalogue, Conditions, Place

#: Documents that are kept encoded, and sessions whose last queries are kept.
_DOCUMENTS: Final = 2**16
_SESSIONS: Final = 2**14
#: Retrievers that are kept at hand.
_KEPT: Final = 1024
#: Largest corpus, and most queries of a request, that bm25 searches within the event loop: 30 us a query.
_QUICK_DOCUMENTS: Final = 100_000
_QUICK_QUERIES: Final = 128

_encoded = lru_cache(maxsize=_DOCUMENTS)(lambda world, position: encode_document(world.corpus.documents[position]))


class Reply(NamedTuple):
    """A response: status, media type, body."""

    status: int
    media_type: str
    body: bytes


class _Job(NamedTuple):
    retriever: Retriever
    searches: tuple[Search, ...]


class Service:
    """Answers requests; belongs to one event loop.

    Args:
        catalogue: worlds and engines.
        limits: what a request may ask for.
        waiting: requests that may wait for an engine.
    """

    def __init__(self, catalogue: Catalogue, limits: Limits | None = None, waiting: int = 4096) -> None:
        self.catalogue, self.limits, self.counters = catalogue, limits or Limits(), Counters()
        # One thread searches what takes longer, so that batches form; another one loads worlds, which takes seconds.
        self._searching = ThreadPoolExecutor(1, "search")
        self._loading = ThreadPoolExecutor(1, "load")
        self._batcher: Batcher[_Job, list[Found]] = Batcher(_run, self._searching, waiting, self.counters.add_batch)
        self._quick: Batcher[_Job, list[Found]] = Batcher(_run, None, waiting, self.counters.add_batch)
        self._opened: dict[tuple[Place, Conditions], Retriever] = {}
        self._sessions: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._arrivals = itertools.count()

    async def warm(self) -> None:
        """Open the default world with the default engine."""
        await self._open(self.catalogue.default, self.catalogue.conditions(None, (), ()))

    async def retrieve(
        self, place: Place, conditions: Conditions, body: bytes, media_type: str, seed: int | None, session: str | None
    ) -> Reply:
        """Answer a request to ``/retrieve``.

        Args:
            place: the world.
            conditions: engine, knock-outs and faults.
            body: of the request.
            media_type: of the request.
            seed: of the faults: equal requests meet equal ones. None: every request meets its own.
            session: name of an episode, whose last queries the fault ``stale`` repeats.

        Raises:
            UnknownName: no such knock-out or fault.
            BadInput: something in the request; its field says what.
            Overloaded: too many requests wait.
        """
        asked = parse(body, media_type, self.limits)
        retriever = await self._open(place, conditions)
        if retriever.refusal:
            return Reply(403, "application/json", _detail(retriever.refusal, "engine"))
        if retriever.needs_previous and not session:
            raise BadInput("stale repeats the search before; name its episode with ?session=NAME", field="session")
        if retriever.seconds:
            await asyncio.sleep(retriever.seconds)
        job = _Job(retriever, self._searches(asked, seed, session))
        found = await (self._quick if _is_quick(job) else self._batcher).submit(job)
        self._count(place, conditions, found)
        if all(each.hits is None for each in found):
            return Reply(503, "application/json", _detail("the search engine failed", "engine"))
        return Reply(200, asked.media_type, _encode(asked, retriever.world, found, conditions.engine))

    async def access(self, place: Place, conditions: Conditions, body: bytes) -> Reply:
        """Answer a request to ``/access``: ``{"urls": [title or id]}`` -> ``{"result": [document or null]}``.

        Raises:
            UnknownName: as ``retrieve``.
            BadInput: as ``retrieve``.
        """
        retriever = await self._open(place, conditions)
        if retriever.closed:
            return Reply(403, "application/json", _detail(retriever.closed, "knockouts"))
        try:
            names = msgspec.json.decode(body, type=_Names).urls
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadInput(f"must be an object with a list of strings, urls: {error}", field="urls") from error
        if len(names) > self.limits.queries:
            raise BadInput(f"must hold at most {self.limits.queries} names, got {len(names)}", field="urls")
        pages = [_page(retriever, name) for name in names]
        return Reply(200, "application/json", msgspec.json.encode({"result": pages}))

    def health(self) -> dict[str, Any]:
        """Say what is served."""
        place = self.catalogue.default
        opened = [retriever.world.corpus for (at, _), retriever in self._opened.items() if at == place]
        return {
            "status": "healthy",
            "corpus": str(place),
            "corpus_size": len(opened[0].documents) if opened else None,
            "fingerprint": opened[0].fingerprint if opened else None,
            "engines": self.catalogue.engines,
            "corpora": sorted({known.corpus for known in self.catalogue.roots}),
            "worlds_open": len({at for at, _ in self._opened}),
            "version": berrypick.__version__,
        }

    async def reload(self) -> None:
        """Read corpora and indexes anew as they are asked for next; what is running ends with the old ones."""
        self._opened.clear()
        _encoded.cache_clear()
        await asyncio.get_running_loop().run_in_executor(self._loading, self.catalogue.forget)
        await self.warm()

    def close(self) -> None:
        """Stop the threads once they have finished what they are doing."""
        self._searching.shutdown()
        self._loading.shutdown()

    async def _open(self, place: Place, conditions: Conditions) -> Retriever:
        opened = self._opened.get((place, conditions))
        if opened is None:
            loop = asyncio.get_running_loop()
            opened = await loop.run_in_executor(self._loading, self.catalogue.retriever, place, conditions)
            while len(self._opened) >= _KEPT:
                del self._opened[next(iter(self._opened))]
            self._opened[place, conditions] = opened
        return opened

    def _searches(self, asked: RetrievalRequest, seed: int | None, session: str | None) -> tuple[Search, ...]:
        previous: Sequence[str] = self._sessions.get(session, ()) if session else ()
        if session:
            self._sessions[session] = asked.queries
            self._sessions.move_to_end(session)
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)
        searches = []
        for index, query in enumerate(asked.queries):
            number = next(self._arrivals) if seed is None else zlib.crc32(query.encode("utf-8", "surrogatepass"))
            before = previous[index] if index < len(previous) else None
            searches.append(Search(query, asked.topk, seed or 0, number % 2**32, before))
        return tuple(searches)

    def _count(self, place: Place, conditions: Conditions, found: Sequence[Found]) -> None:
        labels = {"world": str(place), "engine": conditions.engine}
        self.counters.add("queries", len(found), **labels)
        if failed := sum(each.hits is None for each in found):
            self.counters.add("failed_queries", failed, **labels)
        for each in found:
            for name in each.faults:
                self.counters.add("active_faults", fault=name.partition(":")[0])


class _Names(msgspec.Struct):
    urls: list[str]


def _is_quick(job: _Job) -> bool:
    """Whether a search takes less time than handing it to a thread and back."""
    documents = len(job.retriever.world.corpus.documents)
    return job.retriever.engine == "bm25" and documents <= _QUICK_DOCUMENTS and len(job.searches) <= _QUICK_QUERIES


def _run(jobs: Sequence[_Job]) -> list[list[Found]]:
    """Search for several requests, those of one retriever together."""
    groups: dict[int, list[int]] = {}
    for number, job in enumerate(jobs):
        groups.setdefault(id(job.retriever), []).append(number)
    answers: list[list[Found]] = [[] for _ in jobs]
    for numbers in groups.values():
        searches = [search for number in numbers for search in jobs[number].searches]
        found = iter(jobs[numbers[0]].retriever.search(searches))
        for number in numbers:
            answers[number] = list(itertools.islice(found, len(jobs[number].searches)))
    return answers


def _encode(asked: RetrievalRequest, world: World, found: Sequence[Found], engine: str) -> bytes:
    lists = [
        None if each.hits is None else [(_encoded(world, hit.index), hit.score) for hit in each.hits] for each in found
    ]
    return respond(asked, lists, engine)


def _page(retriever: Retriever, name: str) -> msgspec.Raw | None:
    corpus = retriever.world.corpus
    position = corpus.position.get(name)
    if position is None:
        position = retriever.world.find(name, ())
    return None if position is None or retriever.is_hidden(position) else _encoded(retriever.world, position)


def _detail(reason: str, field: str | None) -> bytes:
    return msgspec.json.encode({"detail": reason, "field": field})
