"""Second attempts by hand: a stage whose episodes are right as told, and a policy that knows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import torch

from berrypick.agents.lm.load import Card, pack
from berrypick.agents.lm.tiny import make_tiny
from berrypick.agents.lm.tokenizer import make_tokenizer
from berrypick.agents.training.text.learner import TextLearner
from berrypick.benchmarks.studies.critique.second_attempts import FIRST, PLAIN, AttemptStats, Sizes, try_again
from berrypick.envs.search import SearchEnv


class NamedQuestion(NamedTuple):
    id: str


class Shown(NamedTuple):
    question: NamedQuestion


class Became(NamedTuple):
    em: bool
    grounded: bool


class Written(NamedTuple):
    mask: torch.Tensor


class Made(NamedTuple):
    traces: list[Shown]
    outcomes: list[Became]
    batch: Written


class Stage:
    """Episodes are right as told: first attempts by question, second ones by what is read, in order.

    "1" is right, "b" right without the evidence.
    """

    def __init__(self, first: dict[str, str], again: dict[str | None, str]) -> None:
        self.first, self.again = first, again
        self.places: list[list[tuple[int, int]]] = []
        self.played: list[tuple[int, int]] = []

    def play(self, seed: int, episode: int, groups: int, size: int) -> Made:
        self.played.append((episode, groups))
        names = list(self.first)[episode - FIRST : episode - FIRST + groups]
        traces = [Shown(NamedQuestion(name.rstrip("'"))) for name in names for _ in range(size)]
        return self._made(traces, "".join(self.first[name] for name in names), 5)

    def refine(self, seed: int, places: Sequence[tuple[int, int]], critiques: Sequence[str] | None) -> Made:
        self.places.append(list(places))
        read = None if critiques is None else critiques[0]
        return self._made([Shown(NamedQuestion("nobody asks"))] * len(places), self.again[read], 3 if read else 2)

    def _made(self, traces: list[Shown], right: str, tokens: int) -> Made:
        return Made(
            traces,
            [Became(each in "1b", each == "1") for each in right],
            Written(torch.ones(len(right), tokens).bool()),
        )


@pytest.fixture(autouse=True)
def _words(monkeypatch: pytest.MonkeyPatch):
    """Each critic says its name."""
    told = lambda critic, played, rows, places, seed: [critic] * len(rows)  # noqa: E731
    monkeypatch.setattr("berrypick.agents.training.augment.criticise", told)


def tried(stage: Any, sizes: Sizes, on_progress: Any = lambda _: None) -> AttemptStats:
    return try_again(stage, "dev", ("steps", "empty"), sizes, on_progress)


def test_rates_and_differences_by_hand():
    """Question a is got right once in two, b never: three wrong attempts, one of a and two of b.

    Plain none is right again; under steps a's and one of b's; under empty one of b's. Resampled, the two questions are
    (a, a), (a, b) or (b, b): under steps 1/1, 2/3 or 1/2, plain 0, empty 0, 1/3 or 1/2.
    """
    stage = Stage({"a": "10", "b": "00"}, {None: "000", "steps": "b10", "empty": "001"})
    found = tried(stage, Sizes(2, 2, 7))
    assert found.kinds["steps"].grounded.value == pytest.approx(1 / 3)  # a's was blind
    assert (found.split, found.questions, found.attempts, found.failed) == ("dev", 2, 4, 3)
    assert (found.first.value, found.first.low, found.first.high, found.first.n) == (0.25, 0.0, 0.5, 2)
    steps, empty, plain = (found.kinds[name] for name in ("steps", "empty", PLAIN))
    assert (steps.solved.value, steps.solved.low, steps.solved.high) == (pytest.approx(2 / 3), 0.5, 1.0)
    assert (empty.solved.value, empty.solved.low, empty.solved.high) == (pytest.approx(1 / 3), 0.0, 0.5)
    assert (plain.solved.value, plain.more.keys()) == (0.0, {"empty"})
    assert [kind.never.value for kind in (steps, empty, plain)] == [0.5, 0.5, 0.0] and steps.never.n == 1
    less = steps.more[PLAIN]
    assert (less.value, less.low, less.high, less.n, less.better) == (pytest.approx(2 / 3), 0.5, 1.0, 2, "")
    # Paired: 1 - 0, 2/3 - 1/3, 1/2 - 1/2; the intervals of the two apart overlap.
    less = steps.more["empty"]
    assert (less.value, less.low, less.high) == (pytest.approx(1 / 3), 0.0, 1.0)
    assert (steps.tokens, empty.tokens, plain.tokens) == (3.0, 3.0, 2.0)


def test_every_kind_tries_the_same_attempts_again_with_the_generators_of_further_rollouts():
    stage = Stage({"a": "10", "b": "00"}, {None: "000", "steps": "110", "empty": "001"})
    tried(stage, Sizes(2, 2, 7))
    # Rollout 1 of question 0 and both of question 1; two were played, so these go on as rollouts 3, 2 and 3.
    assert stage.places == [[(FIRST, 3), (FIRST + 1, 2), (FIRST + 1, 3)]] * 3


def test_an_attempt_that_a_critic_is_silent_on_is_not_made_and_not_right(monkeypatch: pytest.MonkeyPatch):
    """Of three, the second under steps: a and b's second are right, 2/3, where all three would have been."""
    said = lambda critic, played, rows, places, seed: [critic, None if critic == "steps" else critic, critic]  # noqa: E731
    monkeypatch.setattr("berrypick.agents.training.augment.criticise", said)
    stage = Stage({"a": "10", "b": "00"}, {None: "000", "steps": "11", "empty": "111"})
    steps, empty = (tried(stage, Sizes(2, 2, 7)).kinds[name] for name in ("steps", "empty"))
    assert stage.places[1] == [(FIRST, 3), (FIRST + 1, 3)]
    assert (steps.solved.value, steps.silent, steps.tokens) == (pytest.approx(2 / 3), 1, 3.0)
    assert (empty.solved.value, empty.silent, empty.tokens) == (1.0, 0, 3.0)


def test_a_question_that_is_drawn_twice_counts_once():
    stage = Stage({"a": "10", "a'": "00"}, {None: "000", "steps": "111", "empty": "000"})
    found = tried(stage, Sizes(2, 2, 7))
    assert (found.questions, found.attempts, found.first.n) == (1, 4, 1)
    assert found.kinds["steps"].never.value is None, "the one question was solved once"


def test_where_nothing_is_wrong_there_is_nothing_to_say():
    stage = Stage({"a": "11", "b": "11"}, {})
    found = tried(stage, Sizes(2, 2, 7))
    assert found.first.value == 1.0 and found.failed == 0 and stage.places == []
    kind = found.kinds["steps"]
    assert kind.solved.value is None and kind.tokens is None and kind.more[PLAIN].value is None


def test_many_questions_are_played_in_batches_of_about_one_size():
    names = {f"q{number}": "1" for number in range(13)}
    reports: list[str] = []
    stage, sizes = Stage(names, {}), Sizes(13, 1, 7)
    assert tried(stage, sizes, reports.append).questions == 13
    assert stage.played == [(FIRST, 7), (FIRST + 7, 6)]
    assert reports == ["dev: first attempts", "dev: plain", "dev: steps", "dev: empty"] * 2 and sizes.batches == 2


def test_a_policy_that_knows_nothing_is_measured_twice_alike(monkeypatch: pytest.MonkeyPatch):
    """With real episodes and real critics; it is never right, and every rate is 0."""
    monkeypatch.undo()
    tokenizer = make_tokenizer()
    policy = pack(make_tiny(len(tokenizer), 0), tokenizer, Card(("almanac",), ("tags",), 1.0, 4))
    learner = TextLearner(policy, lambda: SearchEnv(corpus="almanac-tiny", worlds=1, engines=["bm25"], max_turns=2))
    critics = ("steps", "noise")
    found = [try_again(learner, "train", critics, Sizes(2, 1, 1)) for _ in range(2)]
    assert found[0] == found[1] and found[0].failed == found[0].attempts == 2
    assert list(found[0].kinds) == [PLAIN, *critics]
    for kind in found[0].kinds.values():
        assert kind.solved.value == kind.never.value == 0.0 and kind.tokens is not None and 0 < kind.tokens <= 8
