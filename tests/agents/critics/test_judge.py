"""A language model as a critic: what it is asked, what is kept, and every way in which it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from berrypick import seeding
from berrypick.agents.base import AgentDown
from berrypick.agents.chat.client import ChatError
from berrypick.agents.critics import Attempt, make
from berrypick.agents.critics.judge import PROMPT, PROMPT_WITH_ANSWER, CritiqueError, Judge
from berrypick.errors import BadInput

Play = Callable[..., Attempt]


@pytest.fixture
def played(attempt: Play) -> list[Attempt]:
    """One right, one wrong."""
    return [
        attempt("q-bridge", "<open>Tessa Thornwell</open>", "<answer>Bal Harrowgate</answer>"),
        attempt("q-alias", "<answer>un{kno}wn</answer>"),
    ]


def rngs(*numbers: int) -> list[np.random.Generator]:
    return [seeding.rollout_rng(5, "critique", 0, number) for number in numbers]


class Said:
    """A model that says what it is told to, one list a call, and keeps what it was asked."""

    def __init__(self, *calls: list[str]) -> None:
        self.calls, self.asked = list(calls), list[list[str]]()

    def __call__(self, prompts: Sequence[str], rngs: Sequence[np.random.Generator]) -> list[str]:
        self.asked.append(list(prompts))
        assert len(prompts) == len(rngs) == len(self.calls[0])
        return self.calls.pop(0)


RIGHT, WRONG = "It read the page.\nVerdict: right", "It read nothing.\n**Verdict: wrong**"


def test_what_a_judge_is_asked(played: list[Attempt]):
    said = Said([RIGHT, WRONG])
    assert Judge(said)(played, [0, 1], rngs(0, 1)) == [RIGHT, WRONG]
    ((first, second),) = said.asked
    question, turn = played[0].trace.question.text, played[0].trace.turns[0]
    assert f"\nQuestion: {question}\n\n{turn.raw}\n{turn.observation}\n<answer>Bal Harrowgate</answer>\n" in first
    assert "<answer>un{kno}wn</answer>" in second
    assert "Bal Harrowgate" not in first.replace("<answer>Bal Harrowgate</answer>", "").replace(turn.observation, "")


def test_a_judge_that_shall_know_the_answer_is_told(played: list[Attempt]):
    said = Said([RIGHT])
    Judge(said, PROMPT_WITH_ANSWER)(played, [0], rngs(0))
    assert "\nThe right answer: Bal Harrowgate\n" in said.asked[0][0]
    assert "right answer" not in PROMPT


def test_those_whose_verdict_is_not_the_rule_checks_are_asked_again(played: list[Attempt]):
    """The first says "wrong" of a right answer, then nothing, then what is so; the second is right at once."""
    said = Said([WRONG, WRONG], ["Hm."], [f"<think>Verdict: wrong?</think>\n {RIGHT} "])
    assert Judge(said)(played, [0, 1], rngs(0, 1)) == [RIGHT, WRONG]
    assert [len(prompts) for prompts in said.asked] == [2, 1, 1]


def test_the_last_verdict_counts(played: list[Attempt]):
    twice = "Verdict: wrong? No.\nVerdict: right"
    assert Judge(Said([twice]))(played, [0], rngs(0)) == [twice]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [("It went well.", "no verdict"), ("", "no verdict"), (WRONG, "the wrong verdict .the answer is right.")],
)
def test_a_judge_that_never_agrees_fails_and_says_what_to_do(played: list[Attempt], reply: str, reason: str):
    with pytest.raises(CritiqueError, match=f"{reason} on question 'q-bridge' in 2 tries.*stronger model"):
        Judge(Said([reply], [reply]), tries=2)(played, [0], rngs(0))


def test_it_is_silent_where_it_never_agrees_if_it_does_elsewhere(played: list[Attempt]):
    assert Judge(Said(["Hm.", WRONG], ["Hm."]), tries=2)(played, [0, 1], rngs(0, 1)) == [None, WRONG]


def test_a_user_says_prompt_and_tries_behind_the_name(stub, played: list[Attempt], tmp_path: Path):
    (tmp_path / "asked.txt").write_text("Q {question} E {episode} A {answer}")
    stub.answer = lambda asked, number: stub.says("Hm.")
    with pytest.raises(CritiqueError, match=r"in 2 tries.*\?tries=N or \?prompt=with_answer"):
        make(f"{stub.name}?tries=2&temperature=0.5&prompt={tmp_path / 'asked.txt'}")(played, [0], rngs(0))
    body = stub.asked[0].body
    assert len(stub.asked) == 2 and body["temperature"] == 0.5
    content = body["messages"][0]["content"]
    assert content.startswith(f"Q {played[0].trace.question.text} E ") and content.endswith("A Bal Harrowgate")
    stub.answer = lambda asked, number: stub.says(RIGHT)
    assert make(f"{stub.name}?prompt=with_answer")(played, [0], rngs(0)) == [RIGHT]
    assert "The right answer: Bal Harrowgate" in stub.asked[-1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("tries=many", "'tries': must be a whole number, got 'many'"),
        ("tries=0", "'tries': must be at least 1"),
        ("prompt=/no/where.txt", "'prompt': cannot be read.*name a text file, or with_answer"),
        ("tries=3&tries=4", "'tries': is given twice"),
        ("colour=red", "is no setting"),
    ],
)
def test_settings_that_do_not_fit(stub, settings: str, reason: str):
    with pytest.raises(BadInput, match=reason):
        make(f"{stub.name}?{settings}")


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("{question} {episode} {gold}", "{gold}"),
        ("{question}", "lacks {episode}"),
        ("{episode}", "lacks {question}"),
        ("{question} {episode} {", "double the braces"),
        ("{question} {episode} {}", "has {}"),
    ],
)
def test_malformed_prompts(prompt: str, reason: str):
    with pytest.raises(BadInput, match=reason):
        Judge(Said(), prompt)


def test_doubled_braces_are_braces(played: list[Attempt]):
    said = Said([RIGHT])
    Judge(said, '{question} {episode} {{"a": 1}}')(played, [0], rngs(0))
    assert said.asked[0][0].endswith('{"a": 1}')


def test_no_tries_are_no_judge():
    with pytest.raises(BadInput, match="at least 1"):
        Judge(Said(), tries=0)


def judged(stub: Any, asked: Any, number: int) -> Any:
    """Says right where the episode ends in the right answer."""
    return stub.says(RIGHT if "Bal Harrowgate</answer>" in asked.body["messages"][0]["content"] else WRONG)


def test_an_endpoint_judges(stub, played: list[Attempt]):
    stub.answer = lambda asked, number: judged(stub, asked, number)
    critic = make(stub.name)
    assert critic(played, [1, 0], rngs(1, 0)) == [WRONG, RIGHT]
    assert all([said["role"] for said in asked.body["messages"]] == ["user"] for asked in stub.asked)
    assert all("tools" not in asked.body for asked in stub.asked)
    assert make(stub.name)(played, [1, 0], rngs(1, 0)) == [WRONG, RIGHT]
    assert len(stub.asked) == 2, "the same critiques are not paid for twice"


def test_an_endpoint_is_asked_again_with_another_seed(stub, played: list[Attempt]):
    stub.answer = stub.script(stub.says("Hm."), stub.says(WRONG), stub.says(RIGHT))
    assert make(stub.name)(played, [0], rngs(0)) == [RIGHT]
    assert len({asked.body["seed"] for asked in stub.asked}) == 3


def test_an_endpoint_that_is_slow_malformed_or_gone_fails(stub, played: list[Attempt], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "1")
    stub.answer = lambda asked, number: stub.says(None)
    with pytest.raises(CritiqueError, match="no verdict"):
        make(stub.name)(played, [0], rngs(0))
    stub.answer = lambda asked, number: stub.says(RIGHT)._replace(body=b'{"choices": []}')
    with pytest.raises(ChatError, match=r"malformed reply .* after 1 retries"):
        make(stub.name)(played, [0], rngs(1))
    monkeypatch.setenv("BERRYPICK_CHAT_TIMEOUT", "0.05")
    stub.answer = lambda asked, number: wait(stub)
    with pytest.raises(ChatError, match=r"no reply within 0\.05 s"):
        make(stub.name)(played, [0], rngs(2))
    with pytest.raises(AgentDown, match="cannot be reached"):
        make("chat:http://127.0.0.1:9/v1:m")(played, [0], rngs(3))


def wait(stub: Any) -> Any:
    import time

    time.sleep(0.5)
    return stub.says(RIGHT)
