"""Faults: a retriever that misbehaves, the same way each time for the same seed (docs/design.md).

A fault changes the list of hits that an engine gave, or loses it. ``info["faults"]`` names those that made a
difference; the policy sees the changed list, or a message that the engine failed, and is told nothing else.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from berrypick.corpora.engines.base import Mask
from berrypick.envs.protocols import TOPK_LIMIT
from berrypick.errors import BadInput
from berrypick.records import Hit
from berrypick.registry import Table, with_argument, without_argument
from berrypick.seeding import rng


@dataclass(frozen=True)
class Retrieval:
    """What a fault may look at besides the hits.

    Attributes:
        topk: number of documents asked for.
        draw: belongs to this fault of this turn of this episode.
        documents: number of documents in the corpus.
        mask: documents that are knocked out, None for none. Shape (documents,).
        before: gives the hits of the search before this one in the episode, none where there was none.
    """

    topk: int
    draw: np.random.Generator
    documents: int
    mask: Mask | None
    before: Callable[[], list[Hit]]


#: ``distort(hits, retrieval)`` -> the hits that come back, None where the engine fails.
Distort = Callable[[list[Hit], Retrieval], list[Hit] | None]


@dataclass(frozen=True)
class Fault:
    """One fault with its argument.

    Attributes:
        name: as written, ``dropout:0.5``.
        distort: what it does to the hits.
        depth: least number of hits that it works on, however few are shown.
        seconds: what it adds to the time that a search takes.
        looks_back: whether the list may be that of the search before this one.
    """

    name: str
    distort: Distort
    depth: int = 0
    seconds: float = 0.0
    looks_back: bool = False


#: name -> ``make(argument) -> Fault``, the argument being what follows the colon, "" for none
FAULTS: Table[Callable[[str], Fault]] = Table("fault", "berrypick.faults")

#: Stands in ``info["faults"]`` where no fault but the engine itself failed.
ENGINE_FAILED: Final = "engine_failed"

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
#: Longest latency, in milliseconds.
MOST_LATENCY: Final = 60_000.0


def _empty(hits: list[Hit], at: Retrieval) -> list[Hit]:
    return []


def _random(hits: list[Hit], at: Retrieval) -> list[Hit]:
    there = None if at.mask is None else np.flatnonzero(~at.mask)
    count = at.documents if there is None else len(there)
    drawn = at.draw.choice(count if there is None else there, size=min(at.topk, count), replace=False)
    return [Hit(int(position), 0.0) for position in drawn]


def _shuffled(hits: list[Hit], at: Retrieval) -> list[Hit]:
    return [hits[i] for i in at.draw.permutation(len(hits))]


def _stale(hits: list[Hit], at: Retrieval) -> list[Hit]:
    return at.before()


def _dropout(share: float) -> Distort:
    def drop(hits: list[Hit], at: Retrieval) -> list[Hit]:
        # A draw for every rank, so that how many hits there are changes nothing for the ranks before.
        return [hit for hit, chance in zip(hits, at.draw.random(len(hits)), strict=True) if chance >= share]

    return drop


def _error(share: float) -> Distort:
    return lambda hits, at: None if at.draw.random() < share else hits


def _same(hits: list[Hit], at: Retrieval) -> list[Hit]:
    return hits


def _plain(fault: Fault) -> Callable[[str], Fault]:
    return without_argument(fault.name, fault, "faults")


def _number(name: str, argument: str, most: float) -> float:
    value = float(argument) if _NUMBER.fullmatch(argument) else -1.0
    if not 0 <= value <= most:
        reason = f"{name} needs a number from 0 to {most:g}, as in {name}:{most / 2:g}; got {argument!r}"
        raise BadInput(reason, field="faults")
    return value


def _with_share(name: str, make: Callable[[float], Distort]) -> Callable[[str], Fault]:
    return lambda argument: Fault(f"{name}:{argument}", make(_number(name, argument, 1.0)))


def _latency(argument: str) -> Fault:
    return Fault(f"latency:{argument}", _same, seconds=_number("latency", argument, MOST_LATENCY) / 1000)


FAULTS.add("empty", _plain(Fault("empty", _empty)), "every search finds nothing")
FAULTS.add("random", _plain(Fault("random", _random)), "every search lists random documents")
FAULTS.add(
    "shuffled",
    _plain(Fault("shuffled", _shuffled, TOPK_LIMIT)),
    f"the first {TOPK_LIMIT} hits in random order, cut to topk",
)
FAULTS.add(
    "stale", _plain(Fault("stale", _stale, looks_back=True)), "every search brings what the one before it should have"
)
FAULTS.add("dropout", _with_share("dropout", _dropout), "dropout:P: each hit is lost with probability P")
FAULTS.add("error", _with_share("error", _error), "error:P: a search fails with probability P, and says so")
FAULTS.add("latency", _latency, "latency:MS: every search takes so many milliseconds longer")


def parse(names: Sequence[str]) -> tuple[Fault, ...]:
    """Return the faults of some names, in their order.

    Raises:
        UnknownName: no such fault.
        BadInput: an argument is missing or out of range, or one is named twice.
    """
    if len({name.partition(":")[0] for name in names}) < len(names):
        raise BadInput(f"must be distinct, got {tuple(names)}", field="faults")
    return tuple(with_argument(FAULTS, name, "faults") for name in names)


def apply(
    active: Sequence[Fault], hits: list[Hit], topk: int, at: Callable[[int], Retrieval]
) -> tuple[list[Hit] | None, tuple[str, ...]]:
    """Put hits through faults in their order.

    Args:
        active: the faults.
        hits: what the engine found.
        topk: number of documents that are shown.
        at: number of a fault to what it may look at.

    Returns:
        The hits that come back, None where the engine fails, and the names of the faults that made a difference.
    """
    names = []
    for number, fault in enumerate(active):
        found = fault.distort(hits, at(number))
        if found is None or found[:topk] != hits[:topk] or fault.seconds:
            names.append(fault.name)
        if found is None:
            return None, tuple(names)
        hits = found
    return hits, tuple(names)


def key(seed: int, episode: int, question_id: str) -> int:
    """The seed of the faults of one episode: another for every episode of a seed and for every question."""
    of_episode = int(rng(seed, "fault", episode).integers(2**32))
    return int(rng(of_episode, "fault", zlib.crc32(question_id.encode())).integers(2**32))


def rollout_seed(seed: int, rollout: int) -> int:
    """The seed that an environment is reset with for one rollout of a run, so that replays meet the same faults."""
    return int(rng(seed, "fault", rollout).integers(2**32))
