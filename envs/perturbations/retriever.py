"""An engine under knock-outs and faults outside of any episode: what a retrieval server answers with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from berrypick.corpora.engines import kinds_in
from berrypick.corpora.engines.base import searched
from berrypick.envs.perturbations import faults as faulty
from berrypick.envs.perturbations import knockouts
from berrypick.envs.perturbations.faults import Retrieval
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.records import Hit
from berrypick.seeding import rng

#: The fault that needs to know what was searched before.
STALE: Final = "stale"


class Search(NamedTuple):
    """One search.

    Attributes:
        query: what is searched for.
        k: number of documents to return.
        seed: 0 <= seed < 2**32; the same seed and number give the same faults.
        number: of the search; 0 <= number < 2**32.
        before: the query before this one, for the fault ``stale``; None where there was none.
    """

    query: str
    k: int
    seed: int = 0
    number: int = 0
    before: str | None = None


class Found(NamedTuple):
    """What came back.

    Attributes:
        hits: best first, at most ``k``; None where the search failed.
        faults: names of the faults that made a difference.
    """

    hits: list[Hit] | None
    faults: tuple[str, ...]


class Retriever:
    """Searches one engine of a world under knock-outs and faults.

    Knock-outs and faults are those of ``SearchEnv``, but for those that only an episode has: ``no_favourite``, which
    depends on what the question says, and the comprehension shifts, which change the question.

    Args:
        world: what is searched.
        engine: name of the engine.
        knocked_out: rows of ``knockouts.KNOCKOUTS``.
        broken: rows of ``faults.FAULTS``, applied in this order.

    Raises:
        UnknownName: no such engine, knock-out or fault.
        BadInput: a knock-out that changes nothing here, or that a retriever cannot apply.
    """

    def __init__(self, world: World, engine: str, knocked_out: Sequence[str] = (), broken: Sequence[str] = ()) -> None:
        for name in knocked_out:
            _check_knockout(name)
        self._changes = knockouts.parse(knocked_out, (engine, *_engines_named(knocked_out)))
        self.faults = faulty.parse(broken)
        self.world, self.engine = world, engine
        self._mask = world.mask(self._changes.genres)
        self._engine = world.engine_without(engine, self._changes.genres)
        #: Seconds that the faults add to every search.
        self.seconds = sum(fault.seconds for fault in self.faults)
        #: Why every search is refused, "" where none is.
        self.refusal = "" if self._changes.engines.isdisjoint(kinds_in(engine)) else f"{engine} is not available here"
        #: Why no page can be opened, "" where pages can.
        self.closed = "pages cannot be opened here" if self._changes.closed else ""

    @property
    def needs_previous(self) -> bool:
        """Whether a fault works on what was searched before."""
        return any(fault.name == STALE for fault in self.faults)

    def search(self, searches: Sequence[Search]) -> list[Found]:
        """Answer searches, the engine asked once for all of them."""
        if not searches:
            return []
        if self.refusal:
            return [Found(None, ()) for _ in searches]
        depth = max(search.k for search in searches)
        depth = max(depth, *(fault.depth for fault in self.faults), 0)
        lists = searched(self._engine, [search.query for search in searches], depth)
        return [self._distort(search, hits) for search, hits in zip(searches, lists, strict=True)]

    def is_hidden(self, position: int) -> bool:
        """Whether a document is knocked out."""
        return self._mask is not None and bool(self._mask[position])

    def _distort(self, search: Search, hits: list[Hit] | None) -> Found:
        if hits is None:
            return Found(None, (faulty.ENGINE_FAILED,))
        if not self.faults:
            return Found(hits[: search.k], ())
        key = int(rng(search.seed, "fault", search.number).integers(2**32))
        before = partial(self._before, search)

        def at(number: int) -> Retrieval:
            draw = rng(key, "fault", number)
            return Retrieval(search.k, draw, len(self.world.corpus.documents), self._mask, before)

        # As many hits as an environment would have asked for: a shared batch may have brought more.
        own = max(search.k, *(fault.depth for fault in self.faults))
        found, names = faulty.apply(self.faults, hits[:own], search.k, at)
        return Found(None if found is None else found[: search.k], names)

    def _before(self, search: Search) -> list[Hit]:
        if search.before is None:
            return []
        return searched(self._engine, [search.before], search.k)[0] or []


def _check_knockout(name: str) -> None:
    """Raise BadInput for a knock-out that needs a question."""
    if knockouts.is_dominant_move(name) or name in knockouts.SHIFTS:
        reason = f"{name} depends on the question, which a retriever does not see; apply it in the environment"
        raise BadInput(reason, field="knockouts")


def _engines_named(names: Sequence[str]) -> tuple[str, ...]:
    """Engines that knock-outs name: a server has them all, whichever one a request searches."""
    return tuple(name.removeprefix("no_") for name in names if name in ("no_bm25", "no_dense"))
