"""Terms that a query adds to the one before, and how many of them earlier results had shown."""

from __future__ import annotations

from typing import NamedTuple

from berrypick.envs.actions import Search
from berrypick.envs.scoring.moves import Context
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.trace import Trace


class Terms(NamedTuple):
    """Counts over an episode: terms new in a query after the first, and those of them displayed before it."""

    new: int
    adopted: int


def count_terms(trace: Trace) -> Terms:
    """Count the new and the adopted terms of an episode's queries (Ning et al. 2026, arXiv 2601.17617, CTAR).

    A term is new where the query before does not have it; every term counts once a query. It is adopted where the text
    displayed before the query has it. The first query has none before it and counts nothing.
    """
    context = Context(lexicon(trace.corpus), trace.question.text)
    before: frozenset[str] | None = None
    new = adopted = 0
    for turn in trace.turns:
        if turn.valid and isinstance(turn.action, Search):
            words = frozenset(context.query(turn.action.query).words)
            if before is not None:
                added = words - before
                new += len(added)
                adopted += len(added & context.found)
            before = words
        context.see(turn)
    return Terms(new, adopted)
