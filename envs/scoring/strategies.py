"""Strategies: the productive moves of an episode, each reduced to what made it work (docs/design.md).

Padding, filler words, repeated queries, word order and case leave a strategy as it is: a move counts only where it was
the first to show evidence, and only by the least part of its query that still retrieves that evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from itertools import groupby
from typing import NamedTuple

from berrypick.corpora.engines.base import Engine
from berrypick.envs.actions import Answer, Search
from berrypick.envs.scoring.moves import ANSWER, Context, Move, raw_move
from berrypick.envs.scoring.progress import Sighting
from berrypick.envs.scoring.query_forms import Query, is_whole, lexicon
from berrypick.envs.scoring.trace import Trace, Turn
from berrypick.text import tokens


class Ways(NamedTuple):
    """How an episode went about it.

    Attributes:
        strategy: productive moves in their effective form, run-length reduced: the headline grain.
        moves: every move as written.
        fine: the same, each query with how it changes the one before.
    """

    strategy: tuple[str, ...]
    moves: tuple[str, ...]
    fine: tuple[str, ...]


def ways(trace: Trace, sightings: Sequence[Sighting | None], engines: Mapping[str, Engine]) -> Ways:
    """Read an episode's moves.

    Args:
        trace: the episode.
        sightings: first display of each hop's evidence (``envs.progress.first_shown``).
        engines: the engines by name, as the episode used them.
    """
    evidence: dict[int, list[int]] = {}
    for sighting in sightings:
        if sighting is not None:
            evidence.setdefault(sighting.turn, []).append(trace.corpus.position[sighting.document])
    context = Context(lexicon(trace.corpus), trace.question.text)
    moves: list[str] = []
    productive: list[str] = []
    for number, turn in enumerate(trace.turns):
        moves.append(raw_move(turn, context))
        if isinstance(turn.action, Answer):
            productive.append(ANSWER)
        elif number in evidence and isinstance(turn.action, Search):
            query = context.query(turn.action.query)
            productive.append(str(effective_move(turn, query, evidence[number], context, engines[turn.engine])))
        elif number in evidence:
            productive.append(moves[-1])
        context.see(turn, productive=number in evidence)
    strategy = tuple(move for move, _ in groupby(productive))
    return Ways(strategy, tuple(moves), _fine(trace.turns, moves))


def effective_move(turn: Turn, query: Query, evidence: Sequence[int], context: Context, engine: Engine) -> Move:
    """Reduce a productive search to the part of its query that found the evidence.

    The form is the first of names (full, initial, byname, any), words, names+words and whole whose restriction of the
    query still retrieves the evidence with the same engine at the same topk. The last two restrict alike: a query stays
    ``whole`` where neither its names nor its words do alone and 2/3 of the question's words are needed, so that words
    of the question are filler like any others. The source is the first of asked, found and both whose restriction of
    what is left does, so that a filler word is nobody's own knowledge; ``found`` is here what productive turns
    displayed, and names displayed by any, so that padding with searches changes no source.

    Args:
        turn: the search.
        query: its query, taken apart.
        evidence: positions of the documents that it was the first to show evidence in.
        context: what had been displayed before the turn.
        engine: the engine searched.
    """

    @cache
    def finds(words: tuple[str, ...]) -> bool:
        if len(words) == len(query.words):
            return True
        kept = " ".join(word for word in query.tokens if word in words)  # repeats weigh, so they stay
        hits = engine.search([kept], turn.topk)[0]
        return {hit.index for hit in hits}.issuperset(evidence)

    form, words = _reduce_form(query, context.asked, finds)
    return Move(turn.engine, _reduce_source(words, query, context, finds), form)


Finds = Callable[[tuple[str, ...]], bool]


def _reduce_form(query: Query, asked: Set[str], finds: Finds) -> tuple[str, tuple[str, ...]]:
    for kind, of_kind in query.kinds.items():
        part = tuple(word for word in query.words if word in of_kind)
        if finds(part):
            return f"names:{kind}", part
    names = tuple(word for word in query.words if word in query.names)
    if names and finds(names):
        return "names", names
    others = tuple(word for word in query.words if word not in query.names)
    if names and others and finds(others):
        return "words", others
    if query.whole and is_whole(_needed(query.words, finds), asked):
        return "whole", query.words
    return ("names+words" if names else "words"), query.words


def _needed(words: tuple[str, ...], finds: Finds) -> tuple[str, ...]:
    """What is left when every word without which the evidence is still found is dropped, in alphabetical order."""
    for word in sorted(words):
        fewer = tuple(other for other in words if other != word)
        if fewer and finds(fewer):
            words = fewer
    return words


def _reduce_source(words: tuple[str, ...], query: Query, context: Context, finds: Finds) -> str:
    # A plain word that some fruitless page happens to hold was not learnt there; a name may be, if nowhere else.
    for found in (context.learnt, context.learnt | (context.found & query.names)):
        pools = {"asked": context.asked, "found": found, "both": context.asked | found}
        for name, pool in pools.items():
            part = tuple(word for word in words if word in pool or len(word) == 1)
            if part == words or (any(len(word) > 1 for word in part) and finds(part)):
                return name
    return "own"


def reformulation(words: Set[str], before: Set[str] | None) -> str:
    """How a query changes the one before it, by content words (Rieh & Xie 2006; Jansen et al. 2009).

    Returns:
        ``repeat`` (the same words), ``specialise`` (words added), ``generalise`` (words dropped), ``substitute`` (some
        kept, some exchanged) or ``new`` (nothing kept, or no query before).
    """
    if before is None:
        return "new"
    if words == before:
        return "repeat"
    if not words & before:
        return "new"
    if words > before:
        return "specialise"
    return "generalise" if words < before else "substitute"


def _fine(turns: Sequence[Turn], moves: Sequence[str]) -> tuple[str, ...]:
    fine: list[str] = []
    before: frozenset[str] | None = None
    for turn, move in zip(turns, moves, strict=True):
        if isinstance(turn.action, Search) and turn.valid:
            words = frozenset(tokens(turn.action.query))
            fine.append(f"{move}/{reformulation(words, before)}")
            before = words
        else:
            fine.append(move)
    return tuple(fine)
