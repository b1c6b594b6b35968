from __future__ import annotations

import json

import pytest

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.protocols.tools import FUNCTIONS, SCHEMAS, parse, write

CALL = '{"name": "search", "arguments": {"query": "q"}}'
ANSWER = '{"name": "answer", "arguments": {"text": "a"}}'


def openai(*calls: str) -> str:
    made = [{"id": str(i), "type": "function", "function": json.loads(call)} for i, call in enumerate(calls)]
    for call in made:
        call["function"]["arguments"] = json.dumps(call["function"]["arguments"])
    return json.dumps({"role": "assistant", "content": None, "tool_calls": made})


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (CALL, Search("q")),
        ('{"name":"search","arguments":{"query":" q ","engine":"dense","topk":5}}', Search("q", "dense", 5)),
        ('{"name":"search","arguments":{"query":"q","engine":null,"topk":null}}', Search("q")),
        ('{"name":"search","arguments":{"query":"q","topk":"5"}}', Search("q", None, 5)),
        ('{"name":"search","arguments":{"query":"q","topk":5.0}}', Search("q", None, 5)),
        ('{"name":"open","arguments":{"title":"T"}}', Open("T")),
        (ANSWER, Answer("a")),
        ('{"name":"answer","arguments":"{\\"text\\": \\"a\\"}"}', Answer("a")),
        ('{"name":"answer","parameters":{"text":"a"}}', Answer("a")),
        ('{"function":{"name":"answer","arguments":{"text":"a"}}}', Answer("a")),
        (openai(CALL), Search("q")),
        (openai(CALL, ANSWER), Search("q")),
        (f"[{CALL},{ANSWER}]", Search("q")),
        (f"<tool_call>\n{CALL}\n</tool_call>", Search("q")),
        (f"<tool_call>{CALL}</tool_call><tool_call>{ANSWER}</tool_call>", Search("q")),
        (f"Hm. <tool_call>{CALL}", Search("q")),
        (f"{CALL}<tool_call>{ANSWER}</tool_call>", Search("q")),
        ('Hm. {"name":"answer","arguments":{"text":"<think>a"}}', Answer("<think>a")),
        (f"```json\n{CALL}\n```", Search("q")),
        (f"I will look it up: {CALL} and then answer {ANSWER}", Search("q")),
        (f"<think>{ANSWER}</think>{CALL}", Search("q")),
        (f"{ANSWER}</think>{CALL}", Answer("a")),
        (f"so: {ANSWER}</think>{CALL}", Search("q")),
        (f"[so] <think>{ANSWER}</think>", Invalid("no tool call found")),
        (f"<think>{ANSWER}", Invalid("no tool call found")),
        (f"<information>{ANSWER}</information>", Invalid("no tool call found")),
        ('{"name":"answer","arguments":{"text":"<think>a</think>"}}', Answer("<think>a</think>")),
        ("", Invalid("no tool call found")),
        (f"<tool_response>{ANSWER}</tool_response>{CALL}", Search("q")),
        (f"As [1] and the set {{x}} say, {CALL}", Search("q")),
        (f"[1] says so: {CALL}", Search("q")),
        (f"\\boxed{{3}} <tool_call>{CALL}</tool_call>", Search("q")),
        (f"[1] <think>{ANSWER}</think>", Invalid("no tool call found")),
        ("[]", Invalid("no tool call found")),
        ("[{}]", Invalid("a tool call is an object with a name and arguments")),
        ("<answer>a</answer>", Invalid("no tool call found")),
        ("{a}", Invalid("the tool call is not valid JSON")),
        (CALL[:-1], Invalid("the tool call is not valid JSON")),
        ('{"tool_calls":[]}', Invalid("a tool call is an object with a name and arguments")),
        ('{"tool_calls":[null]}', Invalid("a tool call is an object with a name and arguments")),
        ('{"name":["search"],"arguments":{}}', Invalid("a tool call is an object with a name and arguments")),
        ('{"name":"search","arguments":[]}', Invalid("the arguments of a tool call are an object")),
        ('{"name":"search","arguments":"q"}', Invalid("the tool call is not valid JSON")),
        ('{"name":"find","arguments":{}}', Invalid("unknown tool 'find'; the tools are search, open, answer")),
        ('{"name":"search"}', Invalid("search needs query")),
        ('{"name":"search","arguments":{"query":null}}', Invalid("search needs query")),
        ('{"name":"open","arguments":{"query":"q"}}', Invalid("open takes title, not 'query'")),
        ('{"name":"search","arguments":{"query":3}}', Invalid("query must be a string")),
        ('{"name":"search","arguments":{"query":["q"]}}', Invalid("query must be a string")),
    ],
)
def test_calls(text: str, action: Action):
    assert parse(text) == action


@pytest.mark.parametrize("topk", ["true", "5.5", '"five"', "[5]", "NaN", "Infinity", "1e400", "-3", '"٣"'])
def test_topk_is_a_whole_number_in_range(topk: str):
    assert parse(CALL.replace('"q"', f'"q", "topk": {topk}')) == Invalid("topk must be a whole number from 1 to 10")


def test_lone_surrogates_become_replacement_characters():
    assert parse('{"name":"answer","arguments":{"text":"a\\ud800b"}}') == Answer("a\ufffdb")


def test_writing():
    assert write(Search("é")) == '{"name": "search", "arguments": {"query": "é"}}'
    assert json.loads(write(Search("q", "dense", 5)))["arguments"] == {"query": "q", "engine": "dense", "topk": 5}


def test_schemas_are_read_off_the_functions():
    search, open_, answer = (entry["function"] for entry in SCHEMAS)
    assert [entry["type"] for entry in SCHEMAS] == ["function"] * 3
    assert [search["name"], open_["name"], answer["name"]] == list(FUNCTIONS)
    assert search["description"] == "Search the corpus and show the best sentence of each document found."
    assert search["parameters"] == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "The words to look for."},
            "engine": {"type": "string", "description": "The engine to ask; the first one listed if left out."},
            "topk": {"type": "integer", "description": "How many documents to show, 1 to 10."},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    assert open_["parameters"]["required"] == ["title"] and answer["parameters"]["required"] == ["text"]
    json.dumps(SCHEMAS)
