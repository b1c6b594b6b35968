"""What a chat-completions endpoint replies, and the action text that it stands for."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import msgspec

from berrypick.envs.actions import Invalid
from berrypick.envs.protocols import encodable
from berrypick.envs.protocols.tools import TOOLS

#: Largest count that is believed: up to here a double holds every whole number.
MOST_TOKENS: Final = 2**53
#: A key of fewer letters may well be a word, as "EMPTY" is, and is not looked for in replies.
SHORTEST_KEY: Final = 8
MASK: Final = "***"


class Function(msgspec.Struct, frozen=True):
    """A native call. ``arguments`` is JSON text by the specification; some servers send the object."""

    name: str
    arguments: str | dict[str, Any] | None = None


class Call(msgspec.Struct, frozen=True):
    """A native tool call."""

    function: Function


class Part(msgspec.Struct, frozen=True):
    """A piece of content, as some servers send it; thoughts and pictures have no text here."""

    text: str | None = None


class Message(msgspec.Struct, frozen=True):
    """What the model said; both fields may be missing, which is an empty turn."""

    content: str | list[Part] | None = None
    tool_calls: list[Call] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One sample."""

    message: Message


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the server counts them: whole numbers from 0 to ``MOST_TOKENS``, None where it tells none."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """The body of a reply, without what nobody reads, and how long it took.

    Attributes:
        choices: at least one; the first counts.
        usage: None where the server tells none.
        seconds: from sending the request to the whole reply.
    """

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Usage | None = None
    seconds: float = 0.0


class _Sent(msgspec.Struct, frozen=True):
    """A reply as it was sent or kept: what it says of tokens may be anything."""

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Any = None
    seconds: float = 0.0


_DECODER: Final = msgspec.json.Decoder(_Sent)


def decode(data: bytes) -> Reply:
    """Read a reply, or one that was kept; counts that cannot be are not told.

    Raises:
        msgspec.DecodeError: it is none; also UnicodeDecodeError and RecursionError.
    """
    sent = _DECODER.decode(data)
    told = sent.usage if isinstance(sent.usage, dict) else {}
    counts = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    return Reply(sent.choices, None if counts == (None, None) else Usage(*counts), sent.seconds)


def _count(said: object) -> int | None:
    number = isinstance(said, int | float) and not isinstance(said, bool)
    return int(said) if number and 0 <= said <= MOST_TOKENS and said == int(said) else None  # type: ignore[operator, call-overload]


def masked(reply: Reply, key: str) -> Reply:
    """Replace an API key wherever a reply repeats it: what a reply says is stored, and published with the episodes.

    Args:
        reply: as the server sent it.
        key: that was sent to the server; one of fewer than ``SHORTEST_KEY`` letters is left.
    """
    if len(key) < SHORTEST_KEY:
        return reply
    return msgspec.convert(_masked(msgspec.to_builtins(reply), key), Reply)


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {_masked(name, key): _masked(inside, key) for name, inside in value.items()}
    if isinstance(value, list):
        return [_masked(inside, key) for inside in value]
    if not isinstance(value, str):
        return value
    arguments = _arguments(value) if value.lstrip()[:1] == "{" else value
    if isinstance(arguments, dict) and any(
        key in text for text in _texts(arguments)
    ):  # within JSON it may be written with escapes
        return json.dumps(_masked(arguments, key), ensure_ascii=False)
    return value.replace(key, MASK)


def _texts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, dict):
        return [text for pair in value.items() for inside in pair for text in _texts(inside)]
    if isinstance(value, list):
        return [text for inside in value for text in _texts(inside)]
    return [value] if isinstance(value, str) else []


def action(reply: Reply, native: bool) -> str:
    """Return the text that the episode's protocol parses.

    A native call becomes ``{"name": ..., "arguments": {...}}``, within ``{"content": ..., "tool_calls": [...]}`` where
    the model said something beside it. The first call counts; without one the text is what the model said, "" if it
    said nothing.

    Args:
        reply: as the server sent it.
        native: whether tools were offered; a call that nobody offered is none.
    """
    message = reply.choices[0].message
    content = encodable(_text(message.content))
    if not (native and message.tool_calls):
        return content
    function = message.tool_calls[0].function
    call = {"name": function.name, "arguments": _arguments(function.arguments)}
    written = {"content": content, "tool_calls": [call]} if content.strip() else call
    return encodable(json.dumps(written, ensure_ascii=False))


def _text(content: str | list[Part] | None) -> str:
    return "".join(part.text or "" for part in content) if isinstance(content, list) else content or ""


def called(text: str) -> tuple[str, str, dict[str, Any]] | None:
    """Read a native call back from what ``action`` wrote: (content, name, arguments).

    None for any other text, and for calls that the protocol does not accept: chat templates that look into the
    arguments fail on those.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match value:
        case {"content": str(content), "tool_calls": [{"name": str(name), "arguments": dict(arguments)}]}:
            found = content, name, arguments
        case {"name": str(name), "arguments": dict(arguments)}:
            found = "", name, arguments
        case _:
            return None
    return None if isinstance(TOOLS.parse(text), Invalid) else found


def _arguments(sent: str | dict[str, Any] | None) -> str | dict[str, Any]:
    """The arguments as an object; what is none stays as it is, for the protocol to say so to the policy."""
    if isinstance(sent, str):
        try:
            decoded = json.loads(sent)
        except (ValueError, RecursionError):
            return sent
        return decoded if isinstance(decoded, dict) else sent
    return sent or {}
