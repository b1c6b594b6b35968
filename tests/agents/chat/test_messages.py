"""Histories as messages, and replies as the text that the protocol parses."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick.agents.chat.messages import messages
from berrypick.agents.chat.replies import Call, Choice, Function, Message, Reply, action, called
from berrypick.envs.actions import Answer, Invalid, Open, Search
from berrypick.envs.protocols.tools import TOOLS

QUERY = {"query": "Tessa"}


def reply(content: str | None, *calls: tuple[str, Any]) -> Reply:
    made = [Call(Function(name, arguments)) for name, arguments in calls]
    return Reply([Choice(Message(content, made or None))])


@pytest.mark.parametrize(
    ("content", "calls", "text", "parsed"),
    [
        (None, [("search", json.dumps(QUERY))], {"name": "search", "arguments": QUERY}, Search("Tessa")),
        ("  ", [("search", QUERY)], {"name": "search", "arguments": QUERY}, Search("Tessa")),
        (
            'I try {"name": "answer", "arguments": {"text": "no"}}',
            [("open", '{"title": "T"}'), ("answer", '{"text": "second"}')],
            {
                "content": 'I try {"name": "answer", "arguments": {"text": "no"}}',
                "tool_calls": [{"name": "open", "arguments": {"title": "T"}}],
            },
            Open("T"),
        ),
        ("<think>", [("answer", '{"text": "é"}')], None, Answer("é")),
    ],
)
def test_a_native_call_becomes_text_that_parses_to_it(content: Any, calls: Any, text: Any, parsed: Any):
    written = action(reply(content, *calls), True)
    assert TOOLS.parse(written) == parsed
    assert text is None or json.loads(written) == text


@pytest.mark.parametrize("arguments", ['{"query": ', "", "[]", '"x"', "3", "{}", None, "[" * 10**5, '{"quarry": "x"}'])
def test_arguments_that_are_none_are_the_policys_mistake(arguments: Any):
    written = action(reply(None, ("search", arguments)), True)
    assert isinstance(TOOLS.parse(written), Invalid) and called(written) is None


def test_without_native_tools_a_call_is_none():
    assert action(reply("<answer>x</answer>", ("search", QUERY)), False) == "<answer>x</answer>"
    assert action(reply(None, ("search", QUERY)), False) == ""


def test_nothing_said_is_nothing_done():
    for protocol in (True, False):
        assert action(reply(None), protocol) == action(reply(""), protocol) == ""


@given(st.none() | st.text(), st.text(min_size=1).filter(str.strip))
def test_a_call_is_read_back_as_it_was_written(content: str | None, query: str):
    written = action(reply(content, ("search", json.dumps({"query": query}))), True)
    if not isinstance(TOOLS.parse(written), Invalid):
        said = content if content and content.strip() else ""
        assert called(written) == (said, "search", {"query": query})


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_a_call_or_none(text: str):
    assert called(text) is None


def test_plain_messages_take_turns_and_are_never_empty():
    history = ("start", "<search>x</search>", "<information>\n</information>", "", "no action")
    for native in (False, True):
        shown = messages(history, native)
        assert [said["role"] for said in shown] == ["user", "assistant", "user", "assistant", "user"]
        assert [said["content"] for said in shown] == [*history[:3], "(nothing)", "no action"]


def test_native_calls_and_their_results_name_each_other():
    call, spoken = json.dumps({"name": "search", "arguments": QUERY}), "so: " + json.dumps({"name": "open"})
    invalid = json.dumps({"name": "search", "arguments": {"quarry": "x"}})
    shown = messages(("start", call, "one", spoken, "two", invalid, "three", call, "four"), True)
    roles = ["user", "assistant", "tool", "assistant", "user", "assistant", "user", "assistant", "tool"]
    assert [said["role"] for said in shown] == roles
    for place, id in ((1, "call00000"), (7, "call00003")):
        (made,) = shown[place]["tool_calls"]
        assert made == {"id": id, "type": "function", "function": {"name": "search", "arguments": '{"query": "Tessa"}'}}
        assert shown[place]["content"] == "" and shown[place + 1]["tool_call_id"] == id
    assert shown[5] == {"role": "assistant", "content": invalid}, "templates fail on what is no call"


def test_lone_surrogates_go():
    assert action(reply("\ud800x"), False) == "\ufffdx"
    written = action(reply(None, ("search", '{"query": "\\ud800"}')), True)
    assert TOOLS.parse(written) == Search("\ufffd")


def test_a_reply_keeps_what_is_read_and_nothing_else():
    sent = b'{"id": "7", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x", "refusal": null}}]}'
    assert msgspec.json.decode(sent, type=Reply) == Reply([Choice(Message("x"))])
