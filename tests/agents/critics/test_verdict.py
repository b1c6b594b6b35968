"""Critiques of the answer alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick.agents.critics import Attempt
from berrypick.agents.critics.verdict import indicative, with_answer


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
