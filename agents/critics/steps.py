"""The trace critic: turn by turn what it found, what was never found, and the verdict.

It takes the place of the paper's step-by-step critique (arXiv 2506.03106), which a larger model writes: the simulator
knows what each turn displayed, so nobody has to be asked. What it may name, ``names`` says. The sentences are few and
of words that the tiny policies know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from berrypick.agents.critics.base import Attempt
from berrypick.agents.critics.names import Names
from berrypick.agents.critics.templates import verdict
from berrypick.envs.actions import Answer, Open, Search
from berrypick.envs.observations import read_prompt
from berrypick.envs.scoring.moves import way_of
from berrypick.envs.scoring.trace import Turn
from berrypick.errors import BadInput
from berrypick.records import Hop

FOUND: Final = "{turn}: {move} found: {more}"
FOUND_UNSAID: Final = "{turn}: {move} found what was asked."
LISTED: Final = "{turn}: {move} listed a page that answers: {more}"
NOTHING: Final = "{turn}: {move} found nothing."
NOTHING_NEW: Final = "{turn}: {move} found nothing new."
STRANGER: Final = "{turn}: {move} asked about {more}, not about the question."
NOTHING_ASKED: Final = "{turn}: {move} found nothing asked about."
NO_ACTION: Final = "{turn}: failed."
MISSING: Final = "No page shown answers: {question}"
MISSING_UNSAID: Final = "No page shown has all that was asked."
USED_UP: Final = "The searches are used up."
NOT_USED_UP: Final = "The searches are not used up."
UNSUPPORTED: Final = "The answer was never shown."


def steps(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say how each turn went and what is missing, and end with the verdict."""
    return [step_by_step(attempts[place]) for place in chosen]


def step_by_step(attempt: Attempt) -> str:
    """Criticise one episode; raises BadInput where no answer is known."""
    ending = [verdict(attempt)]
    if attempt.outcome.answered and not attempt.outcome.supported:
        ending.insert(0, UNSUPPORTED)
    names = Names(attempt)
    return " ".join((*_turns(attempt, names), *_missing(attempt, names), *ending))


def _turns(attempt: Attempt, names: Names) -> Iterator[str]:
    seen: set[tuple[int, int]] = set()
    for number, (turn, move) in enumerate(zip(attempt.trace.turns, attempt.outcome.raw_moves, strict=True)):
        if not isinstance(turn.action, Answer):
            template, more = _judge(attempt, number, seen, names)
            tool, form = way_of(move)
            if template:
                yield template.format(turn=number + 1, move=f"{tool} {form.replace('+', ' and ')}", more=more)
        seen.update(turn.shown)


def _judge(attempt: Attempt, number: int, seen: set[tuple[int, int]], names: Names) -> tuple[str, str]:
    """The template for a turn that is no answer, "" for none, and the questions or the name that goes into it."""
    turn = attempt.trace.turns[number]
    if not turn.valid:
        return NO_ACTION, ""
    if number in attempt.outcome.first_shown:
        questions = _questions(names, (hop for hop, first in _hops(attempt) if first == number))
        return (FOUND, " ".join(questions)) if questions else (FOUND_UNSAID, "")
    if not turn.docs:
        return NOTHING, ""
    if seen.issuperset(turn.shown):
        return NOTHING_NEW, ""
    if not attempt.trace.question.gold:
        return "", ""  # what was new in it cannot be judged
    wanted = (hop for hop, first in _hops(attempt) if first is None or first > number)
    if questions := _questions(names, (hop for hop in wanted if _lists(attempt, turn, hop))):
        return LISTED, " ".join(questions)
    stranger = names.stranger(_text(turn))
    return (STRANGER, stranger) if stranger else (NOTHING_ASKED, "")


def _missing(attempt: Attempt, names: Names) -> Iterator[str]:
    missing = [hop for hop, first in _hops(attempt) if first is None]
    if missing:
        questions = _questions(names, missing)
        yield from (MISSING.format(question=question) for question in questions)
        if not questions:
            yield MISSING_UNSAID
        budget = read_prompt(attempt.trace.prompt)[0].search_budget
        yield USED_UP if attempt.outcome.searches >= budget else NOT_USED_UP


def _hops(attempt: Attempt) -> Iterator[tuple[Hop, int | None]]:
    """Each hop of the plan with the turn that first displayed its evidence."""
    return zip(attempt.trace.question.gold, attempt.outcome.first_shown, strict=True)


def _questions(names: Names, hops: Iterable[Hop]) -> list[str]:
    return [question for question in dict.fromkeys(map(names.question, hops)) if question]


def _lists(attempt: Attempt, turn: Turn, hop: Hop) -> bool:
    """Whether a turn lists a document that attests a hop."""
    return any(attempt.trace.corpus.position[place.document] in turn.docs for place in hop.attestations)


def _text(turn: Turn) -> str:
    match turn.action:
        case Search(query=text) | Open(title=text):
            return text
    return ""


def empty(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say nothing: a refinement with it is one more try that is told to be one."""
    return [""] * len(chosen)


def noise(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say as many words as ``steps`` does, drawn from what it says of an episode of another question.

    Raises:
        BadInput: all episodes are of one question.
    """
    return [_mixed(attempts, place, rng) for place, rng in zip(chosen, rngs, strict=True)]


def _mixed(attempts: Sequence[Attempt], place: int, rng: np.random.Generator) -> str:
    asked = attempts[place].trace.question.text
    others = [attempt for attempt in attempts if attempt.trace.question.text != asked]
    if not others:
        reason = "noise takes its words from episodes of another question; play at least two questions a step"
        raise BadInput(reason, field="critic")
    words = step_by_step(others[int(rng.integers(len(others)))]).split()
    length = len(step_by_step(attempts[place]).split())
    return " ".join(words[number] for number in rng.integers(len(words), size=length))
