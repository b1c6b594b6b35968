"""What is reported of R3, by hand: a stage whose episodes and answers are as told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import torch

from berrypick.agents.methods.batch import Batch
from berrypick.benchmarks.studies.critique.second_attempts import FIRST, Sizes
from berrypick.benchmarks.studies.r3.ranking import Reflection, reflect


class Question(NamedTuple):
    id: str


class Shown(NamedTuple):
    question: Question


class Made(NamedTuple):
    batch: Batch
    traces: list[Shown]


class Stage:
    """Two questions of two episodes each. The first tells right from wrong; all episodes of the second are wrong."""

    NAMES = "aabb"
    REWARD = torch.tensor([1.0, 0.0, 0.0, 0.0])
    TOKENS = torch.tensor([[True, False], [True, False], [True, True], [True, True]])
    #: Question 0: token 0 says what is right, token 1 the contrary, but less. Question 1: no token differs.
    OWN = torch.tensor([[-1.0, -3.0], [-3.0, -2.5], [-2.0, torch.nan], [-2.0, torch.nan]])
    #: Behind the other's reasoning no token of either differs but one of the first question's.
    ELSEWHERE = torch.tensor([[-4.0, -4.0], [-4.5, -4.0], [-6.0, torch.nan], [-6.0, torch.nan]])

    def __init__(self) -> None:
        self.played: list[tuple[int, int, int, int]] = []
        self.donors: list[list[int] | None] = []

    def play(self, seed: int, episode: int, groups: int, size: int) -> Made:
        self.played.append((seed, episode, groups, size))
        zero, group = torch.zeros(4, 2), torch.tensor([0, 0, 1, 1])
        flags = torch.zeros(4, 2, dtype=torch.bool)
        return Made(
            Batch(self.REWARD, group, group, self.TOKENS, zero, zero, zero.long(), zero.long(), flags, zero),
            [Shown(Question(name)) for name in self.NAMES],
        )

    def reference_answers(self, played: Made, donors: Sequence[int] | None = None) -> dict[str, torch.Tensor]:
        self.donors.append(None if donors is None else list(donors))
        answer = self.OWN if donors is None else self.ELSEWHERE
        # The second question is too hard: no episode ranks its answer's token among the first hundred.
        rank = torch.tensor([[0.0, 0.0], [5.0, 5.0], [200.0, torch.nan], [300.0, torch.nan]])
        return {"answer_logprobs": answer, "answer_ranks": rank}


def reflected() -> tuple[Reflection, Stage, list[str]]:
    stage: Any = Stage()
    reports: list[str] = []
    return reflect(stage, "dev", Sizes(2, 2, 7), reports.append), stage, reports


def test_by_hand():
    """Question 0: sigma 1 and .25, so R3 = (-1 * 1 - 3 * .25) / 1.25 = -1.4 against (-3 - .625) / 1.25 = -2.9: rank 1.

    Its uniform means are -2 and -2.75, rank 1 too. Behind the other's reasoning -4 and -4.5, which that reasoning's
    rewards, 0 and 0, do not tell apart. Question 1 has one reward: no rank; behind the first's reasoning no R3 differs.
    """
    found, stage, reports = reflected()
    assert (found.split, found.questions, found.right.value) == ("dev", 2, 0.25)
    assert (found.rank_r3.value, found.rank_uniform.value, found.more.value) == pytest.approx((1, 1, 0))
    assert found.rank_r3.n == 1 and found.rank_elsewhere.value is None
    assert found.sigma.value == pytest.approx((1 + 0) / 2) and found.sigma_elsewhere.value == pytest.approx(0.25 / 2)
    assert found.less.value == pytest.approx(0.125 - 0.5)
    # The second question is dropped: two tokens of each episode, of two and one.
    assert (found.dropped, found.dropped_telling, found.spared) == (0.5, 0.0, 4 / 6)
    assert stage.played == [(7, FIRST, 2, 2)] and reports == ["dev: 2 questions"]
    assert stage.donors == [None, [2, 3, 0, 1]]


def test_the_rank_elsewhere_is_with_the_reward_of_the_reasoning(monkeypatch: pytest.MonkeyPatch):
    """Question 1's answer behind the reasoning of question 0, of which the first is right: likelier there, rank 1."""
    elsewhere = torch.tensor([[-4.0, -4.0], [-4.0, -4.0], [-5.0, torch.nan], [-6.0, torch.nan]])
    monkeypatch.setattr(Stage, "ELSEWHERE", elsewhere)
    found, _, _ = reflected()
    assert (found.rank_elsewhere.value, found.rank_elsewhere.n) == pytest.approx((1, 1))


def test_a_question_that_is_drawn_twice_counts_once(monkeypatch: pytest.MonkeyPatch):
    """Sigma 1 and 0 of one question: .5. What is dropped and spared is of draws."""
    monkeypatch.setattr(Stage, "NAMES", "aaaa")
    found, _, _ = reflected()
    assert (found.questions, found.sigma.value, found.right.value) == (1, pytest.approx(0.5), 0.25)
    assert (found.dropped, found.spared) == (0.5, 4 / 6)
