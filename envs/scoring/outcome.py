"""What became of an episode: everything that the metrics are computed from, read off its trace."""

from __future__ import annotations

from collections.abc import Mapping

from berrypick.corpora.engines.base import Engine
from berrypick.envs.actions import Open, Search
from berrypick.envs.scoring.moves import displayed
from berrypick.envs.scoring.progress import first_shown
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.rewards import match, token_f1
from berrypick.envs.scoring.strategies import ways
from berrypick.envs.scoring.term_adoption import count_terms
from berrypick.envs.scoring.trace import Trace
from berrypick.records import Record
from berrypick.text import normalise


class Outcome(Record):
    """What became of one episode.

    Attributes:
        em: the answer matches exactly (SQuAD normalisation, aliases accepted).
        f1: best token F1 over the accepted answers.
        answered: the policy answered.
        grounded: exact match, and evidence of every hop was displayed; False where no plan is known.
        supported: the answer's text occurred in displayed text.
        hops: number of facts that the answer rests on.
        hops_found: hops whose evidence was displayed.
        first_shown: turn that first displayed each hop's evidence, None for an unseen hop.
        route: genre of that evidence, None for an unseen hop.
        strategy: productive moves in their effective form, run-length reduced.
        raw_moves: every move as written, one per turn.
        fine: the same, each query with how it changes the one before.
        evidence: ids of the documents that first showed each hop's evidence, without repeats, in order of hops.
        first_query: first query as written, None without one.
        searches: valid searches.
        opens: pages opened.
        invalid: turns without a valid action.
        tokens: white-space words written.
        new_terms: terms of queries that the query before did not have; 0 in outcomes recorded before 2026-12.
        adopted_terms: those of them that stood in text displayed before.
        bytes: written, in UTF-8: what a text without blanks costs too; 0 in outcomes recorded before 2026-12.
    """

    em: bool
    f1: float
    answered: bool
    grounded: bool
    supported: bool
    hops: int
    hops_found: int
    first_shown: tuple[int | None, ...]
    route: tuple[str | None, ...]
    strategy: tuple[str, ...]
    raw_moves: tuple[str, ...]
    fine: tuple[str, ...]
    evidence: tuple[str, ...]
    first_query: str | None
    searches: int
    opens: int
    invalid: int
    tokens: int
    new_terms: int = 0
    adopted_terms: int = 0
    bytes: int = 0


def analyse(trace: Trace, engines: Mapping[str, Engine]) -> Outcome:
    """Read an episode's outcome off its trace.

    Args:
        trace: the episode, finished or not.
        engines: name -> engine over the trace's corpus, for every engine that the episode used, answering as it did
            then. Restricted queries repeat over the rollouts of a task, so engines should cache.
    """
    sightings = first_shown(trace.question, trace.corpus, trace.turns)
    seen = [sighting for sighting in sightings if sighting is not None]
    em = match(trace.answer, trace.question.answers)
    moves = ways(trace, sightings, engines)
    valid = [turn.action for turn in trace.turns if turn.valid]
    queries = [action.query for action in valid if isinstance(action, Search)]
    terms = count_terms(trace)
    return Outcome(
        em=em,
        f1=token_f1(trace.answer, trace.question.answers),
        answered=trace.answer is not None,
        grounded=em and 0 < len(sightings) == len(seen),
        supported=trace.answer is not None and supports(trace, trace.answer),
        hops=len(sightings),
        hops_found=len(seen),
        first_shown=tuple(None if sighting is None else sighting.turn for sighting in sightings),
        route=tuple(None if sighting is None else sighting.genre for sighting in sightings),
        strategy=moves.strategy,
        raw_moves=moves.moves,
        fine=moves.fine,
        evidence=tuple(dict.fromkeys(sighting.document for sighting in seen)),
        first_query=queries[0] if queries else None,
        searches=len(queries),
        opens=sum(isinstance(action, Open) for action in valid),
        invalid=len(trace.turns) - len(valid),
        tokens=sum(len(turn.raw.split()) for turn in trace.turns),
        bytes=sum(len(turn.raw.encode("utf-8", "surrogatepass")) for turn in trace.turns),
        new_terms=terms.new,
        adopted_terms=terms.adopted,
    )


def is_grounded(trace: Trace) -> bool:
    """Whether the answer matches exactly and evidence of every hop was displayed: ``Outcome.grounded`` alone."""
    sightings = first_shown(trace.question, trace.corpus, trace.turns)
    return match(trace.answer, trace.question.answers) and bool(sightings) and None not in sightings


def supports(trace: Trace, answer: str) -> bool:
    """Whether an answer occurred, as whole words and normalised as answers are, in what the episode displayed."""
    needle = f" {normalise(answer)} "
    if needle.isspace():
        return False
    words = lexicon(trace.corpus)
    passages = (passage for turn in trace.turns for passage in displayed(turn, words))
    return any(needle in f" {passage.normalised} " for passage in passages)
