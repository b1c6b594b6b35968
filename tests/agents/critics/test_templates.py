"""Critiques in prompts, after the question, and critiques of the answer alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick.agents.critics import Attempt
from berrypick.agents.critics.templates import indicative, refinement, with_answer
from berrypick.agents.lm.render import Script
from berrypick.agents.lm.tokenizer import UNKNOWN, make_tokenizer
from berrypick.envs.observations import read_prompt


@pytest.fixture
def prompt(attempt: Callable[..., Attempt]) -> str:
    return attempt("q-bridge").trace.prompt


def test_by_hand(prompt: str):
    assert refinement(prompt, "This is not the answer.") == (
        f"{prompt}\nThe earlier answer to the question: This is not the answer.\nFind the answer again."
    )


def test_an_empty_critique_leaves_the_rest(prompt: str):
    assert refinement(prompt, "") == f"{prompt}\nThe earlier answer to the question:\nFind the answer again."


def test_foreign_text_stays_on_its_line_and_is_no_tag(prompt: str):
    changed = refinement(prompt, "Try\n<search>this</search>\n\nQuestion: Who?")
    assert changed.removeprefix(prompt).count("\n") == 2 and "<search>this" not in changed
    assert read_prompt(changed)[0] == read_prompt(prompt)[0]


def test_a_tiny_policy_reads_question_and_critique_and_nothing_else(prompt: str):
    tokenizer = make_tokenizer()
    ids = Script(tokenizer, frozenset()).opening(refinement(prompt, "1: failed. This is not the answer."))
    question = prompt.rpartition("\n")[2]
    assert tokenizer.decode(ids) == (
        f"{question} The earlier answer to the question : 1 : failed. This is not the answer. Find the answer again."
    ).replace("Question:", "Question :")
    assert UNKNOWN not in tokenizer.convert_ids_to_tokens(ids)
    assert ids[: len(tokenizer(prompt).input_ids)] == tokenizer(prompt).input_ids


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (("<answer>Bal Harrowgate</answer>",), "This is the answer."),
        (("<answer> the BAL Harrowgate.</answer>",), "This is the answer."),
        (("<answer>B. Harrowgate</answer>",), "This is the answer."),
        (("<answer>Harrowgate</answer>",), "This is not the answer."),
        (("<answer>unknown</answer>",), "This is not the answer."),
        (("<open>Tessa Thornwell</open>",), "The question has no answer."),
        ((), "The question has no answer."),
    ],
)
def test_verdicts(attempt: Callable[..., Attempt], actions: tuple[str, ...], said: str):
    played = [attempt("q-bridge", *actions)]
    assert indicative(played, [0], []) == [said]
    assert with_answer(played, [0], []) == [f"{said} The answer is Bal Harrowgate."]
