"""Critiques that say nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berrypick import seeding
from berrypick.agents.critics import Attempt
from berrypick.agents.critics.steps import empty, noise, step_by_step
from berrypick.errors import BadInput


@pytest.fixture
def played(attempt: Callable[..., Attempt]) -> list[Attempt]:
    return [
        attempt("q-bridge", "<open>Tessa Thornwell</open>", "<answer>unknown</answer>"),
        attempt("q-bridge", "<answer>unknown</answer>"),
        attempt("q-alias", "<search>zzz</search>", "<answer>unknown</answer>"),
    ]


def rngs(*numbers: int):
    return [seeding.rollout_rng(3, "critique", 0, number) for number in numbers]


def test_nothing_is_said(played: list[Attempt]):
    assert empty(played, [0, 2], rngs(0, 1)) == ["", ""]


def test_noise_is_as_long_and_of_another_questions_words(played: list[Attempt]):
    """The only episode of another question is 2 for episodes 0 and 1."""
    for place, said in zip((0, 1), noise(played, [0, 1], rngs(0, 1)), strict=True):
        assert len(said.split()) == len(step_by_step(played[place]).split())
        assert set(said.split()) <= set(step_by_step(played[2]).split())
        assert "Tessa" not in said.split()  # whom only the critiques of q-bridge name


def test_noise_is_drawn_by_its_generator_alone(played: list[Attempt]):
    both = noise(played, [0, 1], rngs(0, 1))
    assert both == noise(played, [0, 1], rngs(0, 1)) and both[1:] == noise(played, [1], rngs(1))
    assert noise(played, [0], rngs(0)) != noise(played, [0], rngs(1))


def test_one_question_gives_no_noise(played: list[Attempt]):
    with pytest.raises(BadInput, match="at least two questions"):
        noise(played[:2], [0], rngs(0))
