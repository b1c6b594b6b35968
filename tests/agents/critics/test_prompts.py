"""Where a critique stands: after the question, where neither tokenizers nor the setup's readers lose anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick.agents.critics import Attempt
from berrypick.agents.critics.prompts import refinement
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
