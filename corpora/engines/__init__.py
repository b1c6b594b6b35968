"""Retrieval engines: one protocol, one table, opened by name over a corpus."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Final

from berrypick.corpora.engines.base import Engine, EngineFailed
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput
from berrypick.registry import Table

#: name -> ``open(corpus) -> Engine``; dense and hybrid also take the encoder's name
ENGINES: Table[Callable[..., Engine]] = Table("engine", "berrypick.engines")
ENGINES.add("bm25", "berrypick.corpora.engines.bm25:open_bm25", "BM25 in tantivy; memory-mapped")
ENGINES.add(
    "rank_bm25", "berrypick.corpora.engines.rank_bm25:open_rank_bm25", "BM25 in pure Python; the reference for tests"
)
ENGINES.add(
    "dense", "berrypick.corpora.engines.dense:open_dense", "FAISS over an encoder: lsa (default) or hf:<name or path>"
)
ENGINES.add("hybrid", "berrypick.corpora.engines.hybrid:open_hybrid", "reciprocal-rank fusion of bm25 and dense")
ENGINES.add(
    "http",
    "berrypick.corpora.engines.http:open_http",
    "http:<url>: any retrieval server of the Search-R1 family, ours (berrypick serve) among them",
)

#: Engine -> what it asks in turn.
PARTS: Final[dict[str, tuple[str, ...]]] = {"hybrid": ("bm25", "dense")}


def kinds_in(name: str) -> tuple[str, ...]:
    """The kind of an engine, and the kinds that it asks in turn: whichever of them fails, it does not work."""
    kind = name.partition(":")[0]
    return (kind, *PARTS.get(kind, ()))


#: What an alias may look like: a tool that a policy writes.
_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


def with_alias(name: str) -> tuple[str, str]:
    """Split ``alias=engine`` into both; a name without an alias is its own.

    Raises:
        BadInput: the alias is malformed, or nothing follows it.
    """
    head, equals, engine = name.partition("=")
    if not equals or ":" in head:
        return name, name
    if not _ALIAS.fullmatch(head) or not engine:
        reason = (
            f"{name!r} is no ALIAS=ENGINE: an alias has 1 to 32 letters, digits, '-' or '_', and starts with a letter"
        )
        raise BadInput(reason, field="engines")
    return head, engine


def open_engine(name: str, corpus: Corpus) -> Engine:
    """Open an engine over a corpus, building its index on first use. ``dense:hf:<path>`` chooses the encoder.

    Raises:
        UnknownName: no such engine or encoder.
        BadInput: an argument after the colon that the engine does not take.
    """
    kind, _, argument = name.partition(":")
    opener = ENGINES[kind]
    if not argument:
        if _needs_argument(opener):
            raise BadInput(f"engine {kind!r} needs an argument, as in {kind}:<url>", field="engines")
        return opener(corpus)
    if len(inspect.signature(opener).parameters) < 2:
        raise BadInput(f"engine {kind!r} takes no argument, got {argument!r}; write {kind!r} alone")
    return opener(corpus, argument)


def _needs_argument(opener: Callable[..., Engine]) -> bool:
    further = list(inspect.signature(opener).parameters.values())[1:2]
    return bool(further) and further[0].default is inspect.Parameter.empty


__all__ = ["ENGINES", "Engine", "EngineFailed", "kinds_in", "open_engine", "with_alias"]
