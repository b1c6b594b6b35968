"""The ``tools`` protocol: JSON tool calls. The functions below are the tools; their schemas are read off them once.

Accepted: ``{"name": ..., "arguments": {...}}`` (arguments may be a JSON string, or be called ``parameters``), OpenAI
messages with ``tool_calls``, Hermes ``<tool_call>`` blocks, and lists. The first call counts; prose before it, what is
thought or quoted (``protocols.first_spoken``) and everything after it are ignored.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable
from typing import Any, Final

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.protocols import (
    ACTION_LIMIT,
    TOPK_LIMIT,
    Protocol,
    encodable,
    first_spoken,
    make_open,
    make_search,
    outside_thoughts,
    quote,
)

REMINDER: Final = (
    'Write one JSON tool call, such as {"name": "search", "arguments": {"query": "words to look for"}}; '
    "the tools are search, open and answer."
)


def search(query: str, engine: str | None = None, topk: int | None = None) -> Action:
    """Search the corpus and show the best sentence of each document found.

    Args:
        query: The words to look for.
        engine: The engine to ask; the first one listed if left out.
        topk: How many documents to show, 1 to 10.
    """
    return make_search(query, engine, topk)


def open(title: str) -> Action:
    """Show a whole page and its links.

    Args:
        title: The title of a document that was listed or linked before, or is named in the question.
    """
    return make_open(title)


def answer(text: str) -> Action:
    """Give the final answer and end the task.

    Args:
        text: The bare answer, without a sentence around it.
    """
    return Answer(text.strip())


FUNCTIONS: Final[dict[str, Callable[..., Action]]] = {"search": search, "open": open, "answer": answer}
_JSON_TYPES: Final = {str: "string", int: "integer"}


def schema(function: Callable[..., Action]) -> dict[str, Any]:
    """Return the OpenAI tool schema of a typed function with a Google docstring."""
    parts = inspect.getdoc(function) or ""
    summary, _, arguments = parts.partition("\n\nArgs:\n")
    described = dict(re.findall(r"^ +(\w+): (.+)$", arguments, re.MULTILINE))
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters
    return {
        "type": "function",
        "function": {
            "name": function.__name__,
            "description": summary,
            "parameters": {
                "type": "object",
                "properties": {
                    name: {"type": _json_type(hints[name]), "description": described[name]} for name in parameters
                },
                "required": [name for name, parameter in parameters.items() if parameter.default is parameter.empty],
                "additionalProperties": False,
            },
        },
    }


def _json_type(hint: Any) -> str:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next(_JSON_TYPES[kind] for kind in kinds if kind in _JSON_TYPES)


#: One schema per tool, in the form that chat templates and OpenAI-compatible servers take.
SCHEMAS: Final = tuple(schema(function) for function in FUNCTIONS.values())
_PARAMETERS: Final = {entry["function"]["name"]: entry["function"]["parameters"] for entry in SCHEMAS}
_DECODER: Final = json.JSONDecoder()
_OBJECT = outside_thoughts(r"\{\s*\"")
_BRACE = outside_thoughts(r"\{")


class _Unreadable(ValueError):
    """Not a tool call; the message is told to the policy."""


def parse(text: str) -> Action:
    """Read the first tool call of a turn; any string gives an action, never an exception."""
    if len(text) > ACTION_LIMIT:
        return Invalid(f"the turn is longer than {ACTION_LIMIT} characters")
    try:
        name, arguments = _call(_first_json(encodable(text)))
        return _run(name, arguments)
    except _Unreadable as error:
        return Invalid(str(error))


def _first_json(text: str) -> Any:
    """Decode the first JSON object outside thoughts; a text that is a call from its start holds no thoughts.

    A brace without a key behind it is prose ("the set {x}"), unless there is nothing else.
    """
    if text.lstrip().startswith(("{", "[")):
        try:
            value = _decode(text.lstrip(), 0)
        except _Unreadable:
            value = None
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict):
            return first
    start = first_spoken(_OBJECT, text) or first_spoken(_BRACE, text)
    if start is None:
        raise _Unreadable("no tool call found")
    return _decode(text, start.start())


def _decode(text: str, start: int) -> Any:
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError) as error:  # too deep, or a number of too many digits, is no tool call either
        raise _Unreadable("the tool call is not valid JSON") from error


def _call(value: Any) -> tuple[str, dict[str, Any]]:
    """Unwrap a message and a function object down to a name and its arguments."""
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list) and value["tool_calls"]:
        value = value["tool_calls"][0]
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise _Unreadable("a tool call is an object with a name and arguments")
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = _decode(arguments.strip(), 0)
    if not isinstance(arguments, dict):
        raise _Unreadable("the arguments of a tool call are an object")
    return value["name"], arguments


def _run(name: str, arguments: dict[str, Any]) -> Action:
    if name not in FUNCTIONS:
        raise _Unreadable(f"unknown tool {quote(name)}; the tools are {', '.join(FUNCTIONS)}")
    properties, required = _PARAMETERS[name]["properties"], _PARAMETERS[name]["required"]
    if unknown := sorted(arguments.keys() - properties.keys()):
        raise _Unreadable(f"{name} takes {', '.join(properties)}, not {quote(unknown[0])}")
    given = {key: value for key, value in arguments.items() if value is not None}
    if missing := [key for key in required if key not in given]:
        raise _Unreadable(f"{name} needs {missing[0]}")
    return FUNCTIONS[name](**{key: _typed(key, value, properties[key]["type"]) for key, value in given.items()})


def _typed(key: str, value: Any, kind: str) -> str | int:
    if kind == "string":
        if not isinstance(value, str):
            raise _Unreadable(f"{key} must be a string")
        return encodable(value)
    if isinstance(value, str) and re.fullmatch("[0-9]{1,3}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value % 1:
        raise _Unreadable(f"{key} must be a whole number from 1 to {TOPK_LIMIT}")
    return int(value)


def write(action: Search | Open | Answer) -> str:
    """Write an action as ``{"name": ..., "arguments": {...}}``."""
    match action:
        case Search(query, engine, topk):
            given = {"query": query, "engine": engine, "topk": topk}
            return _json("search", {key: value for key, value in given.items() if value is not None})
        case Open(title):
            return _json("open", {"title": title})
        case Answer(text):
            return _json("answer", {"text": text})


def _json(name: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def _usage(engines: tuple[str, ...], topk: int) -> str:
    return "\n".join(
        (
            "In each turn you may first reason inside <think>...</think>; then write exactly one JSON tool call:",
            f"{write(Search('words to look for', engines[0]))}  shows the best sentence of {topk} documents.",
            f"    engine is one of {', '.join(engines)} (default {engines[0]}); "
            f'"topk": 1 to "topk": {TOPK_LIMIT} asks for fewer or more documents.',
            f"{write(Open('document title'))}  shows a whole page and its links. It must have been listed or linked "
            "before, or be named in the question.",
            f"{write(Answer('short answer'))}  ends the task. Give the bare answer, without a sentence around it.",
        )
    )


TOOLS: Final = Protocol(
    name="tools",
    parse=parse,
    write=write,
    wrap=lambda body: body,
    usage=_usage,
    reminder=REMINDER,
)
