"""How an action is written: one table of protocols, each a total parser and its writer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.registry import Table

#: Longest text of one turn, in characters; what is longer is Invalid.
ACTION_LIMIT: Final = 2**18
#: Longest query and longest title, in characters.
QUERY_LIMIT: Final = 2_000
#: Most documents that a search may ask for.
TOPK_LIMIT: Final = 10


@dataclass(frozen=True)
class Protocol:
    """A way of writing actions and observations.

    Attributes:
        name: its row in ``PROTOCOLS``.
        parse: any string to an action; never raises.
        write: an action to text; ``parse(write(action)) == action`` within the limits above, outer blanks stripped.
        wrap: the body of an observation to the observation.
        usage: (engines, default topk) to the lines that explain the protocol.
        reminder: what a corrective observation says.
    """

    name: str
    parse: Callable[[str], Action]
    write: Callable[[Search | Open | Answer], str]
    wrap: Callable[[str], str]
    usage: Callable[[tuple[str, ...], int], str]
    reminder: str


PROTOCOLS: Table[Protocol] = Table("protocol")
PROTOCOLS.add("tags", "berrypick.envs.protocols.tags:TAGS", "Search-R1 tags: <think>, <search>, <open>, <answer>")
PROTOCOLS.add("tools", "berrypick.envs.protocols.tools:TOOLS", "JSON tool calls: search, open, answer")

_NAMES = "think|search|open|access|answer|information|tool_call|tool_response"
_FLAGS = re.IGNORECASE | re.ASCII
_TO_ESCAPE = re.compile(rf"&(?=(?:lt|gt|amp|quot);)|<(?=\s*(?:/\s*)?(?:{_NAMES})\b)", _FLAGS)
_ENTITY = re.compile(r"&(lt|gt|amp|quot);")
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
#: The end of a tag that counts for nothing. Attributes are bounded: looking for their end is quadratic in the bound.
_REST = r"(?:\s[^<>]{0,1000})?>"
_THINK = re.compile(rf"<(/?)think{_REST}", _FLAGS)
_SURROGATE = re.compile("[\ud800-\udfff]")


def escape(text: str) -> str:
    """Disarm what reads as a tag of a protocol, and nothing else; ``unescape`` gives the text back."""
    if "<" not in text and "&" not in text:
        return text
    return _TO_ESCAPE.sub(lambda match: "&amp;" if match[0] == "&" else "&lt;", text)


def unescape(text: str) -> str:
    """Replace the four entities ``&lt; &gt; &amp; &quot;`` once, from left to right."""
    return _ENTITY.sub(lambda match: _CHARACTERS[match[1]], text)


def encodable(text: str) -> str:
    """Replace lone surrogates, which no file and no index can hold."""
    return _SURROGATE.sub("\ufffd", text)


def outside_thoughts(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that ``first_spoken`` looks for, to which blocks that do not count are alternatives."""
    blocks = rf"<(?P<block>think|information|tool_response){_REST}.*?(?:</(?P=block){_REST}|\Z)"
    return re.compile(f"{blocks}|{pattern}", _FLAGS | re.DOTALL)


def first_spoken(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the first match that the policy neither thinks nor quotes.

    Nothing counts in ``<think>``, ``<information>`` and ``<tool_response>`` blocks, closed or not, nor before a
    ``</think>`` that nothing opened: chat templates put the opening tag into the prompt. A block ends at the first
    closing tag of its name.
    """
    first = _THINK.search(text)
    start = first.end() if first is not None and first[1] else 0
    return next((match for match in pattern.finditer(text, start) if match["block"] is None), None)


def make_search(query: str, engine: str | None, topk: int | None) -> Search | Invalid:
    """Return the search, or Invalid where it is blank, too long or asks for too many documents."""
    if reason := _unfit("query", query):
        return Invalid(reason)
    if topk is not None and not 1 <= topk <= TOPK_LIMIT:
        return Invalid(f"topk must be a whole number from 1 to {TOPK_LIMIT}")
    return Search(query.strip(), engine, topk)


def make_open(title: str) -> Open | Invalid:
    """Return the open, or Invalid where the title is blank or too long."""
    reason = _unfit("title", title)
    return Invalid(reason) if reason else Open(title.strip())


def _unfit(what: str, text: str) -> str:
    if not text.strip():
        return f"the {what} is empty"
    return f"the {what} is longer than {QUERY_LIMIT} characters" if len(text) > QUERY_LIMIT else ""


def quote(text: str, limit: int = 60) -> str:
    """Show a piece of what the policy wrote in a message: one line, disarmed, cut to ``limit`` characters."""
    line = " ".join(text[: 4 * limit].split())
    return escape(repr(line if len(line) <= limit else line[:limit] + "..."))
