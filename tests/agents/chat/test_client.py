"""An endpoint that misbehaves: what is tried again, what is not, and what the error says."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from berrypick import agents
from berrypick.agents.base import AgentDown
from berrypick.agents.chat import client
from berrypick.agents.chat.client import ChatError
from berrypick.errors import BadInput

GOOD = "<answer>x</answer>"
KEY = "sk-secret-0123456789"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the client would have waited."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return asked


PASSING: dict[str, Callable[[Any], Any]] = {
    "500": lambda stub: stub.says("")._replace(status=500, body=b"<h1>Internal error</h1>"),
    "503": lambda stub: stub.says("")._replace(status=503, body={"error": "loading the model"}),
    "408": lambda stub: stub.says("")._replace(status=408, body={}),
    "409": lambda stub: stub.says("")._replace(status=409, body={"detail": "busy"}),
    "429": lambda stub: stub.says("")._replace(status=429, body={"error": {"message": "slow down"}}),
    "not JSON": lambda stub: stub.says("")._replace(body=b"<html>gateway</html>"),
    "not UTF-8": lambda stub: stub.says("")._replace(body=b'{"choices": "\xff"}'),
    "too deep": lambda stub: stub.says("")._replace(body=b'{"choices": ' + b"[" * 10**5),
    "nothing": lambda stub: stub.says("")._replace(body=b""),
    "half of it": lambda stub: stub.says("")._replace(body=b'{"choices": [{"message": {"con'),
    "hangs up": lambda stub: stub.says("long" * 99)._replace(cut=True),
    "a list": lambda stub: stub.says("")._replace(body=[]),
    "no choices": lambda stub: stub.says("")._replace(body={"error": {"message": "upstream"}}),
    "empty choices": lambda stub: stub.says("")._replace(body={"choices": []}),
    "no message": lambda stub: stub.says("")._replace(body={"choices": [{"text": "x"}]}),
    "content is no text": lambda stub: stub.says("")._replace(body={"choices": [{"message": {"content": 3}}]}),
    "call without a name": lambda stub: stub.says("")._replace(
        body={"choices": [{"message": {"tool_calls": [{"function": {}}]}}]}
    ),
}


@pytest.mark.parametrize("trouble", PASSING)
def test_what_may_pass_is_tried_again(stub, trouble: str):
    bad = PASSING[trouble](stub)
    stub.answer = stub.script(bad, bad, stub.says(GOOD))
    agent = agents.make(stub.name)
    assert stub.ask(agent, 1) == [GOOD]
    assert len(stub.asked) == 3 and agent.cost()["retries"] == 2
    assert stub.asked[0].body == stub.asked[2].body, "the seed too"


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("500", "500 Internal Server Error: <h1>Internal error</h1>, after 2 retries"),
        ("503", "503 Service Unavailable: loading the model, after 2 retries"),
        ("409", "409 Conflict: busy, after 2 retries"),
        ("429", "429 Too Many Requests: slow down, after 2 retries"),
        ("not JSON", r"malformed reply \(.*\): <html>gateway</html>, after 2 retries"),
        ("no choices", r'missing required field `choices`\): {"error": {"message": "upstream"}}, after'),
        ("nothing", r"malformed reply \(.*\): nothing, after 2 retries"),
        ("hangs up", "RemoteProtocolError: .*, after 2 retries"),
    ],
)
def test_retries_end_and_the_error_says_where_what_and_what_was_said(
    stub, monkeypatch: pytest.MonkeyPatch, trouble: str, said: str
):
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "2")
    stub.answer = stub.script(PASSING[trouble](stub))
    agent = agents.make(stub.name)
    with pytest.raises(ChatError, match=f"^{stub.url}/chat/completions: .*{said}"):
        stub.ask(agent, 1)
    assert len(stub.asked) == 3 and agent.cost()["requests_failed"] == 1
    with pytest.raises(ChatError):
        stub.ask(agent, 1)
    assert len(stub.asked) == 6, "asked again, it is tried again"


def test_a_reply_that_takes_too_long_is_tried_again(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_TIMEOUT", "1")
    over = threading.Event()

    def answer(asked: Any, number: int) -> Any:
        if number == 0:
            over.wait(60)
        return stub.says(GOOD)

    stub.answer = answer
    agent = agents.make(stub.name)
    assert stub.ask(agent, 1) == [GOOD]
    over.set()
    assert len(stub.asked) == 2 and agent.cost()["retries"] == 1


def test_waits_double_spread_and_end(stub, monkeypatch: pytest.MonkeyPatch, waits: list[float]):
    monkeypatch.setattr(client, "FIRST_WAIT", 1.0)
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "8")
    stub.answer = stub.script(PASSING["500"](stub))
    with pytest.raises(ChatError):
        stub.ask(agents.make(stub.name), 1)
    jitter = stub.asked[0].body["seed"] / 2**31
    assert 0 < jitter < 1
    # 1, 2, 4, ... 128 s, of which half and, of the other half, the part that the seed says; none above 60 s
    assert waits == pytest.approx([min(60.0, 2**n * (1 + jitter) / 2) for n in range(8)])


@pytest.mark.parametrize(
    ("asks", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("-3", 0, 0),
        ("86400", 60, 60),
        ("inf", 60, 60),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 60, 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("soon", 0.0005, 0.001),  # not readable: as if it were not there, with FIRST_WAIT at 0.001
    ],
)
def test_retry_after_is_honoured_within_bounds(stub, waits: list[float], asks: str, least: float, most: float):
    busy = PASSING["429"](stub)._replace(headers=(("Retry-After", asks),))
    stub.answer = stub.script(busy, stub.says(GOOD))
    assert stub.ask(agents.make(stub.name), 1) == [GOOD]
    assert len(waits) == 1 and least <= waits[0] <= most


@pytest.mark.parametrize(("status", "reason"), [(401, "Unauthorized"), (402, "Payment Required"), (404, "Not Found")])
def test_what_no_request_survives_ends_the_run_at_once(stub, status: int, reason: str):
    stub.answer = stub.script(stub.says("")._replace(status=status, body={"error": {"message": "no such model"}}))
    hint = "; no key was sent, BERRYPICK_CHAT_KEY holds one" if status == 401 else ""
    with pytest.raises(AgentDown, match=f"^{stub.url}/chat/completions: {status} {reason}: no such model{hint}$"):
        stub.ask(agents.make(stub.name), *range(4))
    assert len(stub.asked) <= 4


def test_a_refusal_after_answers_is_of_one_row(stub):
    """403: a moderated prompt; 404: a glitch. The endpoint has answered others."""
    refusals = [stub.says("")._replace(status=status, body={"message": "no"}) for status in (400, 403, 404)]
    stub.answer = stub.script(stub.says(GOOD), *refusals, *refusals, *refusals, *refusals, stub.says(GOOD))
    agent = agents.make(stub.name)
    stub.ask(agent, 0)
    for n in range(1, 13):
        with pytest.raises(ChatError, match=r": 4\d\d .*: no$"):
            stub.ask(agent, n)
    assert stub.ask(agent, 13) == [GOOD]
    assert len(stub.asked) == 14 and agent.cost()["requests_failed"] == 12


def test_an_endpoint_that_refuses_everything_ends_the_run(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_CONCURRENCY", "1")
    stub.answer = stub.script(stub.says("")._replace(status=400, body={"message": "max_tokens is not supported"}))
    with pytest.raises(AgentDown, match="8 requests in a row failed, the last with 400 Bad Request: max_tokens is not"):
        stub.ask(agents.make(stub.name), *range(30))
    assert len(stub.asked) == 8


def test_the_key_is_sent_and_shown_nowhere(
    stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("BERRYPICK_CHAT_KEY", f" {KEY}\n")
    parrot = {"error": {"message": f"Incorrect API key provided: {KEY}."}}
    served = [stub.says("")._replace(status=status, body=parrot) for status in (500, 400, 401)]
    stub.answer = stub.script(stub.says(GOOD), *served)
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "0")
    agent, shown = agents.make(stub.name), []
    stub.ask(agent, 0)
    for n, kind in enumerate((ChatError, ChatError, AgentDown), 1):
        with pytest.raises(kind, match=r"Incorrect API key provided: \*\*\*") as caught:
            stub.ask(agent, n)
        shown += ["".join(traceback.format_exception(caught.value)), repr(caught.value)]
    assert {asked.headers["Authorization"] for asked in stub.asked} == {f"Bearer {KEY}"}
    assert KEY not in "".join(shown) + agent.name + repr(agent) + "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert b"answer" in kept and KEY.encode() not in kept


def test_without_a_key_no_header_is_sent(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stub.ask(agents.make(stub.name), 1)
    assert "Authorization" not in stub.asked[0].headers


def test_a_key_that_no_header_holds_is_refused_unseen(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_KEY", "sk-é secret")
    with pytest.raises(BadInput, match="BERRYPICK_CHAT_KEY") as caught:
        agents.make(stub.name)
    assert "secret" not in str(caught.value)
