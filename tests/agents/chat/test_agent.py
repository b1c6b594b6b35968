"""The chat agent as the rollout meets it: both protocols end to end, company, failures, resuming, cost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from berrypick import agents
from berrypick.agents.rollout import rollout
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.search import SearchEnv
from berrypick.records import Episode


def env(protocol: str) -> SearchEnv:
    return SearchEnv(corpus="almanac-tiny", worlds=1, split="test", protocol=protocol)


def play(agent: agents.Agent, protocol: str, tasks: Sequence[int] = (0, 1), rollouts: int = 2, **more: Any) -> Any:
    return list(rollout(agent, lambda: env(protocol), tasks, rollouts, 7, **more))


def episodes(played: Any) -> list[Episode]:
    return [episode for episode, _ in played]


def plays_tags(stub: Any) -> Any:
    """Search for what the question says; answer with how much it has read."""

    def answer(asked: Any, number: int) -> Any:
        said = asked.body["messages"]
        if len(said) == 1:
            question = said[0]["content"].rpartition("Question: ")[2]
            return stub.says(f"<think>seed {asked.body['seed']}</think><search>{question}</search>")
        return stub.says(f"<answer>{len(said[2]['content'])}</answer>")

    return answer


def plays_tools(stub: Any) -> Any:
    """The same by native calls; the last answer is written as text."""

    def answer(asked: Any, number: int) -> Any:
        said = asked.body["messages"]
        if len(said) == 1:
            question = said[0]["content"].rpartition("Question: ")[2]
            return stub.says("Let me look.", ("search", json.dumps({"query": question})), ("answer", '{"text": "no"}'))
        return stub.says('I have it: {"name": "answer", "arguments": {"text": "Quillport"}}')

    return answer


def test_tags_end_to_end(stub):
    stub.answer = plays_tags(stub)
    played = play(agents.make(stub.name), "tags")
    assert [(e.status, e.terminated, len(e.steps)) for e, _ in played] == [("ok", True, 2)] * 4
    for episode, trace in played:
        assert episode.steps[0].doc_ids and all(turn.valid for turn in trace.turns)
        assert episode.answer == str(len(trace.turns[0].observation))
    seeds = {asked.body["seed"] for asked in stub.asked}
    assert len(seeds) == len(stub.asked) == 8, "each turn of each rollout draws its own"
    first, later = stub.asked[0].body, stub.asked[-1].body
    assert set(first) == {"model", "messages", "temperature", "max_tokens", "seed"}
    assert (first["model"], first["temperature"], first["max_tokens"]) == ("org/stub:8b", 1.0, 1024)
    assert [said["role"] for said in later["messages"]] == ["user", "assistant", "user"]
    assert {asked.path for asked in stub.asked} == {"/v1/chat/completions"}


def test_tools_end_to_end(stub):
    stub.answer = plays_tools(stub)
    played = play(agents.make(stub.name), "tools")
    for episode, trace in played:
        assert (episode.status, episode.answer, len(episode.steps)) == ("ok", "Quillport", 2)
        query = trace.question.text
        call = {"name": "search", "arguments": {"query": query}}
        assert json.loads(episode.steps[0].action) == {"content": "Let me look.", "tool_calls": [call]}
        assert episode.steps[0].doc_ids
    first, later = stub.asked[0].body, stub.asked[-1].body
    assert [tool["function"]["name"] for tool in first["tools"]] == ["search", "open", "answer"]
    user, assistant, tool = later["messages"]
    assert (user["role"], assistant["role"], tool["role"]) == ("user", "assistant", "tool")
    assert assistant["content"] == "Let me look."
    (sent,) = assistant["tool_calls"]
    assert sent["id"] == tool["tool_call_id"] == "call00000" and sent["type"] == "function"
    assert sent["function"]["name"] == "search" and "query" in json.loads(sent["function"]["arguments"])
    assert tool["content"].startswith("Doc 1 (Title: ")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_silent_reply_is_an_invalid_action_and_no_failure(stub, protocol: str):
    stub.answer = stub.script(stub.says(None), stub.says(""), stub.says("<answer>x</answer>" + '{"name": "answer"}'))
    ((episode, trace),) = play(agents.make(stub.name), protocol, (0,), 1)
    assert episode.status == "ok" and [turn.valid for turn in trace.turns][:2] == [False, False]
    assert stub.asked[1].body["messages"][1] == {"role": "assistant", "content": "(nothing)"}


def test_settings_of_the_name_are_sent(stub):
    name = f"{stub.name}?temperature=0.5&top_p=0.9&max_completion_tokens=64&reasoning_effort=low&seed=none"
    assert agents.make(name).name == name
    stub.ask(agents.make(name), 1)
    sent = {key: value for key, value in stub.asked[0].body.items() if key not in ("messages", "model")}
    assert sent == {"temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 64, "reasoning_effort": "low"}


@pytest.mark.parametrize(("concurrency", "rows"), [(8, 8), (3, 9)])
def test_requests_run_side_by_side_up_to_the_limit(stub, monkeypatch: pytest.MonkeyPatch, concurrency: int, rows: int):
    """Nobody is answered before as many are there as may be; one more at a time would be seen by ``most``."""
    monkeypatch.setenv("BERRYPICK_CHAT_CONCURRENCY", str(concurrency))
    together = threading.Barrier(concurrency, timeout=30)

    def answer(asked: Any, number: int) -> Any:
        together.wait()
        return stub.says(asked.body["messages"][0]["content"].rpartition("Question: ")[2])

    stub.answer = answer
    assert stub.ask(agents.make(stub.name), *range(rows)) == [f"Question {n}?" for n in range(rows)]
    assert stub.most == concurrency


def test_a_missing_library_names_the_extra(stub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ImportError, match=r"pip install 'berrypick\[chat\]'"):
        agents.make(stub.name)


def test_listing_and_showing_the_kind_loads_no_library():
    code = (
        "import sys; from berrypick.agents import AGENTS, KINDS; KINDS.help('chat'); KINDS['chat'];"
        "assert not {'httpx2', 'anyio'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_any_corpus_is_read(stub):
    assert agents.make(stub.name).reads("anything at all")
