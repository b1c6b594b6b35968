"""Rewards: one table of pure functions of a finished episode. Only the answer that the policy wrote is scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from berrypick.envs.scoring.progress import hops_found
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import BadInput
from berrypick.records import Question
from berrypick.registry import Table
from berrypick.text import normalise

#: ``reward(trace, question)`` of a finished episode, in [0, 1]; paid at its last step, 0 before.
Reward = Callable[[Trace, Question], float]

REWARDS: Table[Reward] = Table("reward")
REWARDS.add(
    "exact_match", "berrypick.envs.scoring.rewards:exact_match", "1 for an accepted answer after SQuAD normalisation"
)
REWARDS.add("f1", "berrypick.envs.scoring.rewards:f1", "token F1 against the closest accepted answer")
REWARDS.add("cost_aware", "berrypick.envs.scoring.rewards:cost_aware", "exact match less 5 % a turn, half at most")
REWARDS.add(
    "evidence", "berrypick.envs.scoring.rewards:evidence", "mean of exact match and the share of hops displayed"
)

#: What a turn before the answer costs a right answer, and the most that all of them cost.
TURN_COST: Final = 0.05
MOST_COST: Final = 0.5


def match(answer: str | None, accepted: Sequence[str]) -> bool:
    """Whether an answer equals an accepted one after SQuAD normalisation (Rajpurkar et al. 2016).

    Where normalisation leaves nothing ("The", "?"), the words themselves are compared, so that an empty answer never
    matches.
    """
    given = _key(answer or "")
    return bool(given) and any(given == _key(other) for other in accepted)


def _key(text: str) -> str:
    return normalise(text) or " ".join(text.lower().split())


def token_f1(answer: str | None, accepted: Sequence[str]) -> float:
    """Largest token F1 between an answer and an accepted one, as in SQuAD; 0.0 without an answer."""
    return max((_f1(_key(answer or "").split(), _key(other).split()) for other in accepted), default=0.0)


def _f1(given: list[str], wanted: list[str]) -> float:
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted)) if common else 0.0


def _accepted(question: Question) -> tuple[str, ...]:
    if not question.answers:
        reason = f"question {question.id!r} has no answers, so no answer can be scored; use reward='evidence'"
        raise BadInput(reason, field="reward")
    return question.answers


def exact_match(trace: Trace, question: Question) -> float:
    """1.0 for an accepted answer, else 0.0; raises BadInput where no answer is known."""
    return float(match(trace.answer, _accepted(question)))


def f1(trace: Trace, question: Question) -> float:
    """Token F1 of the answer; raises BadInput where no answer is known."""
    return token_f1(trace.answer, _accepted(question))


def cost_aware(trace: Trace, question: Question) -> float:
    """Exact match less what the turns before the answer cost; at least half for a right answer, nothing for others."""
    return exact_match(trace, question) * (1.0 - min(TURN_COST * (len(trace.turns) - 1), MOST_COST))


#: Rewards that can be paid only for questions whose answer is known.
NEED_ANSWERS: Final = frozenset({exact_match, f1, cost_aware})


def evidence(trace: Trace, question: Question) -> float:
    """Mean of exact match and the share of hops displayed; the one that is unknown is left out of the mean.

    Raises:
        BadInput: the question has neither answers nor hops.
    """
    parts = [exact_match(trace, question)] if question.answers else []
    if question.gold:
        parts.append(hops_found(question, trace.corpus, trace.turns) / len(question.gold))
    if not parts:
        raise BadInput(f"question {question.id!r} has neither answers nor gold: no reward is defined", field="reward")
    return sum(parts) / len(parts)
