"""What a user says about an endpoint: the name ``<base_url>:<model>?<settings>``, and environment variables."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from berrypick.agents.chat.client import Limits
from berrypick.errors import BadInput

Number = TypeVar("Number", int, float)

FORM: Final = "expected chat:<base_url>:<model>, such as chat:http://127.0.0.1:8000/v1:llama3:8b"
KEY: Final = "BERRYPICK_CHAT_KEY"
OPENAI: Final = "api.openai.com"

#: Host, port and path give nothing back once they have matched: the port of a name without a model is no model.
_NAME = re.compile(
    r"(?P<url>https?://(?:\[[\da-f:.]+\]|[\w.-]++)(?::\d+(?=[/:?]|$))?+(?:/[^:?#\s]*+)?+)"
    r":(?P<model>[^?]+)(?:\?(?P<query>.*))?",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"https?://[^/]*@", re.IGNORECASE)


class Endpoint(NamedTuple):
    """Who is asked, and how.

    Attributes:
        url: base URL, without the final slash.
        model: as the server knows it.
        settings: fields of every request.
        seeded: whether a request has a seed.
    """

    url: str
    model: str
    settings: dict[str, Any]
    seeded: bool


def _at_least(low: Number, kind: Callable[[str], Number]) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        value = kind(text)
        if not low <= value < math.inf:
            raise ValueError(f"must be a finite number of at least {low}")
        return value

    return read


def _word(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _none(text: str) -> None:
    if text != "none":
        raise ValueError("a seed is drawn for each request; only none may be said")


#: Setting -> how its value is read.
SETTINGS: Final[dict[str, Callable[[str], Any]]] = {
    "temperature": _at_least(0.0, float),
    "top_p": _at_least(0.0, float),
    "max_tokens": _at_least(1, int),
    "max_completion_tokens": _at_least(1, int),
    "reasoning_effort": _word,
    "seed": _none,
}


def parse(argument: str) -> Endpoint:
    """Read ``<base_url>:<model>?<settings>``; colons and slashes may stand in both.

    Raises:
        BadInput: it is of another form, or a setting is unknown, repeated or out of range; says what is expected.
    """
    if _LOGIN.match(argument):
        raise BadInput(f"a name is recorded with every run and holds no login; set {KEY}", field="base_url")
    match = _NAME.fullmatch(argument)
    if match is None:
        raise BadInput(f"{FORM}; got {'chat:' + argument!r}", field="AGENT")
    url = match["url"].rstrip("/")
    try:
        urlsplit(url).port  # noqa: B018  raises where it is out of range
    except ValueError as error:
        raise BadInput(f"{error}; {FORM}", field="base_url") from error
    settings = {"temperature": 1.0, "max_tokens": 1024} | _settings(match["query"] or "")
    if "max_completion_tokens" in settings:
        del settings["max_tokens"]
    seeded = settings.pop("seed", True) is not None
    return Endpoint(url, match["model"], settings, seeded)


def _settings(query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in SETTINGS or name in found:
            reason = "is given twice" if name in found else f"is no setting; there are {', '.join(SETTINGS)}"
            raise BadInput(reason, field=name)
        found[name] = _value(name, value, SETTINGS[name])
    return found


def limits() -> Limits:
    """Read how hard to try from the environment; raises BadInput where a value does not fit."""
    kinds: dict[str, Callable[[str], Any]] = {
        "concurrency": _at_least(1, int),
        "timeout": _at_least(0.001, float),
        "retries": _at_least(0, int),
    }
    given = {name: os.environ.get(f"BERRYPICK_CHAT_{name.upper()}") for name in kinds}
    read = {n: _value(f"BERRYPICK_CHAT_{n.upper()}", text, kinds[n]) for n, text in given.items() if text}
    return Limits(**read)


def _value(name: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise BadInput(f"{text!r} does not fit: {error}", field=name) from error


def key_for(url: str) -> str:
    """The API key for an endpoint, "" where there is none. OpenAI's key goes to OpenAI alone.

    Raises:
        BadInput: no HTTP header can hold the key.
    """
    name = KEY if KEY in os.environ or urlsplit(url).hostname != OPENAI else "OPENAI_API_KEY"
    key = os.environ.get(name, "").strip()
    if not re.fullmatch("[!-~]*", key):
        raise BadInput("holds a blank, or a letter that no HTTP header may hold", field=name)
    return key
