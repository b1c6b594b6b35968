"""The chat agent over time: failures, what is asked twice and what is not, kills, cost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from berrypick import agents
from berrypick.agents.base import AgentDown, Metered
from berrypick.agents.rollout import rollout
from berrypick.benchmarks import result
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main
from berrypick.envs.search import SearchEnv
from berrypick.records import Episode


def env() -> SearchEnv:
    return SearchEnv(corpus="almanac-tiny", worlds=1, split="test")


def play(agent: agents.Agent, rollouts: int = 2, **more: Any) -> list[Episode]:
    return [episode for episode, _ in rollout(agent, env, (0, 1), rollouts, 7, **more)]


def plays(stub: Any) -> Any:
    """Searches for its seed, then answers with how much it has read."""

    def answer(asked: Any, number: int) -> Any:
        said = asked.body["messages"]
        if len(said) == 1:
            return stub.says(f"<search>{asked.body['seed']} foundry</search>")
        return stub.says(f"<answer>{len(said[2]['content'])}</answer>")

    return answer


def too_long(stub: Any) -> Any:
    """Refuses the second turn of the first task."""
    searches, first = plays(stub), env().reset(options={"task_id": 0})[0]

    def answer(asked: Any, number: int) -> Any:
        said = asked.body["messages"]
        if len(said) > 1 and said[0]["content"] == first:
            return stub.says("")._replace(body={"error": {"message": "the prompt is too long"}}, status=400)
        return searches(asked, number)

    return answer


@pytest.mark.parametrize("store", ["kept", "off"])
def test_a_failed_row_is_recorded_and_no_other_pays_or_changes(
    stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
):
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", "off")
    stub.answer = plays(stub)
    expected = play(agents.make(stub.name), rollouts=3)
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", str(tmp_path) if store == "kept" else "off")
    stub.asked.clear()
    stub.answer, failures, agent = too_long(stub), [], agents.make(stub.name)
    found = play(agent, rollouts=3, failures=failures)
    assert found[3:] == expected[3:]
    assert [(e.status, len(e.steps)) for e in found[:3]] == [("error", 1)] * 3
    assert [(failure.task, failure.rollout) for failure in failures] == [(0, 0), (0, 1), (0, 2)]
    assert all(f"{stub.url}/chat/completions: 400 Bad Request: the prompt is" in f.traceback for f in failures)
    assert len(stub.asked) == 12, "6 rollouts x 2 turns: no request was sent twice"
    # 9 of them answered, with 7 prompt and 2 completion tokens each
    cost = agent.cost()
    assert cost.pop("seconds") > 0
    assert cost == {
        "requests": 9, "requests_from_store": 0, "requests_without_usage": 0, "requests_failed": 3, "retries": 0,
        "tokens_of_prompts": 63, "tokens_of_completions": 18,
    }  # fmt: skip


def test_a_repeated_run_asks_nothing_and_tells_the_same_cost(stub):
    stub.answer = plays(stub)
    first, again = agents.make(stub.name), agents.make(stub.name)
    expected = play(first)
    assert play(again) == expected
    assert len(stub.asked) == 8
    assert again.cost() == first.cost() | {"requests_from_store": 8.0}
    assert play(agents.make(stub.name + "?top_p=0.9")), "another setting is another request"
    assert len(stub.asked) == 16


def test_tokens_that_no_server_counts_are_said_to_be_uncounted(stub):
    stub.answer = stub.script(stub.says("<answer>x</answer>", usage=None), stub.says("<answer>x</answer>"))
    agent = agents.make(stub.name)
    stub.ask(agent, 1, 2)
    cost = agent.cost()
    assert (cost["requests"], cost["requests_without_usage"]) == (2, 1)
    assert (cost["tokens_of_prompts"], cost["tokens_of_completions"]) == (7, 2)


def test_a_padded_model_is_metered_too(stub):
    padded = agents.make(f"padded:{stub.name}")
    stub.ask(padded, 1)
    assert isinstance(padded, Metered) and padded.cost()["requests"] == 1
    assert agents.make("padded:scripted:byname").cost() == {}


def test_an_endpoint_that_is_not_there_ends_the_run(stub):
    stub.close()
    agent = agents.make(stub.name)
    with pytest.raises(AgentDown, match=rf"^{stub.url}/chat/completions: cannot be reached \(ConnectError: .*running"):
        play(agent, failures=[])
    assert agent.cost()["requests"] == 0 and agent.cost()["retries"] <= 2 * 4, "two for each of four rollouts"


def test_an_endpoint_that_dies_ends_the_run_and_loses_nothing(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "1")
    searches = plays(stub)
    stub.answer = lambda asked, n: searches(asked, n) if n < 12 else stub.says("x")._replace(cut=True)
    with pytest.raises(AgentDown, match=r"8 requests in a row failed.* after 1 retries.* is kept"):
        play(agents.make(stub.name), rollouts=6, failures=[])
    answered = {str(asked.body) for asked in stub.asked[:12]}
    stub.asked.clear()
    stub.answer = searches
    assert len(play(agents.make(stub.name), rollouts=6)) == 12
    # By what was asked: on a loaded machine a connection may break, and a request is then sent once more.
    again = {str(asked.body) for asked in stub.asked}
    assert len(answered) == 12 and not answered & again and len(again) == 24 - 12


PLAY = """
import sys
from berrypick import agents
from berrypick.agents.rollout import rollout
from berrypick.benchmarks import result
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main
from berrypick.envs.search import SearchEnv
make = lambda: SearchEnv(corpus="almanac-tiny", worlds=1, split="test")
list(rollout(agents.make(sys.argv[1]), make, [0, 1], 2, 7))
"""


def test_kill_9_loses_at_most_what_was_in_flight(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_CHAT_CONCURRENCY", "1")
    searches, children = plays(stub), []

    def answer(asked: Any, number: int) -> Any:
        if number == 5:
            children[0].kill()
            children[0].wait()
        return searches(asked, number)

    stub.answer = answer
    children.append(subprocess.Popen([sys.executable, "-c", PLAY, stub.name]))
    assert children[0].wait(timeout=120) == -signal.SIGKILL
    assert len(stub.asked) == 6
    stub.asked.clear()
    stub.answer = searches
    found = play(agents.make(stub.name))
    assert len(stub.asked) == 3, "8 requests, of which 5 were answered"
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", "off")
    assert found == play(agents.make(stub.name))


def test_an_interrupt_does_not_wait_for_the_server(stub, interruptible: None):
    waiting = threading.Event()

    def answer(asked: Any, number: int) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        waiting.wait(60)
        return stub.says("x")

    stub.answer = answer
    with pytest.raises(KeyboardInterrupt):
        stub.ask(agents.make(stub.name), 1)
    waiting.set()


@pytest.fixture
def tiny() -> Iterator[None]:
    """A suite of seconds: two cells of 2 questions x 2 rollouts."""
    cell = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=2, rollouts=2)
    SUITES.add("tiny", (cell, cell), "for tests")
    yield
    del SUITES._rows["tiny"], SUITES._help["tiny"]


def test_bench_says_what_the_run_took(stub, tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stub.answer = plays(stub)
    assert main(["bench", stub.name, "--suite", "tiny", "--out", str(tmp_path / "run"), "--jobs", "1"]) == 0
    # Both cells ask the same: 2 questions x 2 rollouts x 2 turns, the second time of the store. 7 + 2 tokens each.
    asked = "16 requests, 0 requests failed, 8 requests from store, 0 requests without usage, 0 retries"
    took = rf"{asked}, \d+ seconds, 32 tokens of completions, 112 tokens of prompts\n"
    assert re.search(f"{re.escape(stub.name)} took {took}", capsys.readouterr().out)
    found = result.read(tmp_path / "run")
    assert found.agent == stub.name and found.provenance.cost["tokens_of_prompts"] == 112
    assert len(stub.asked) == 8


def test_bench_says_in_one_line_that_nobody_is_there(
    stub, tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    stub.close()
    assert main(["bench", stub.name, "--suite", "tiny", "--out", str(tmp_path / "run"), "--jobs", "1"]) == 2
    (said,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("berrypick: ")]
    assert said.startswith(f"berrypick: {stub.url}/chat/completions: cannot be reached")
