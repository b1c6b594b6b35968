"""Words of critiques: how one stands in a prompt, and the two that look at the answer alone.

A refinement is an episode like any other; the simulator says what it always says. The critique stands after the
question, on lines of its own: what tokenizers of the tiny policies drop, the instructions, ends before it, and what
``observe.read_prompt`` reads of the setup stays as it is. All templates of the trace critics are of words that the tiny
policies know; a test holds them to it. The two critiques are those of Critique-GRPO (Zhang et al. 2025, arXiv
2506.03106).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from berrypick.agents.critics.base import Attempt
from berrypick.envs.observations import line
from berrypick.errors import BadInput

EARLIER: Final = "The earlier answer to the question:"
AGAIN: Final = "Find the answer again."

RIGHT: Final = "This is the answer."
WRONG: Final = "This is not the answer."
UNANSWERED: Final = "The question has no answer."
GIVEN: Final = "The answer is {answer}."


def refinement(prompt: str, critique: str) -> str:
    """Put the critique of an earlier attempt into the prompt of another one at the same question.

    Whoever trains on the episode takes the prompt without the critique, which is ``Trace.prompt`` as ever.

    Args:
        prompt: the reset observation.
        critique: may be foreign text: it is put on one line, with what reads as a tag escaped.
    """
    return "\n".join((prompt, f"{EARLIER} {line(critique)}".rstrip(), AGAIN))


def indicative(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say whether the answer is right (exact match): the paper's indicative critique."""
    return [verdict(attempts[place]) for place in chosen]


def with_answer(attempts: Sequence[Attempt], chosen: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[str]:
    """Say whether the answer is right, and what is: the paper's indicative critique with ground truth."""
    return [f"{verdict(attempts[place])} {GIVEN.format(answer=answer_of(attempts[place]))}" for place in chosen]


def verdict(attempt: Attempt) -> str:
    """Say whether the answer is right; raises BadInput where no answer is known."""
    answer_of(attempt)
    if not attempt.outcome.answered:
        return UNANSWERED
    return RIGHT if attempt.outcome.em else WRONG


def answer_of(attempt: Attempt) -> str:
    """The canonical answer of an episode's question; raises BadInput where none is known."""
    question = attempt.trace.question
    if not question.answers:
        reason = f"question {question.id!r} has no answers, so nothing says which answer is right; leave it out"
        raise BadInput(reason, field="critic")
    return question.answers[0]
