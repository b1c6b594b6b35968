"""The ``tags`` protocol: the Search-R1 grammar (Jin et al. 2025, arXiv 2503.09516) with engines and pages.

``<search>``, ``<open>`` (or ``<access>``) and ``<answer>`` act; the first of them in a turn counts and the rest of the
turn is ignored. Tags that are thought or quoted (``protocols.first_spoken``) do not count. A tag that is not closed
does nothing.
"""

from __future__ import annotations

import re
from typing import Final

from berrypick.envs.actions import Action, Answer, Invalid, Open, Search
from berrypick.envs.protocols import (
    ACTION_LIMIT,
    TOPK_LIMIT,
    Protocol,
    encodable,
    escape,
    first_spoken,
    make_open,
    make_search,
    outside_thoughts,
    quote,
    unescape,
)

REMINDER: Final = "Write one of <search>words</search>, <open>title</open> or <answer>text</answer>."
#: The attributes are bounded because the pattern that reads them is quadratic in their length.
_TAG = outside_thoughts(r"<(?P<name>search|open|access|answer)(?P<attributes>(?:\s[^<>]{0,1000})?)>")
_CLOSE = {name: re.compile(rf"</{name}\s*>", re.I | re.A) for name in ("search", "open", "access", "answer")}
_ATTRIBUTE = re.compile(r"""\s+(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.ASCII)


def parse(text: str) -> Action:
    """Read the first action of a turn; any string gives an action, never an exception."""
    if len(text) > ACTION_LIMIT:
        return Invalid(f"the turn is longer than {ACTION_LIMIT} characters")
    text = encodable(text)
    tag = first_spoken(_TAG, text)
    if tag is None:
        return Invalid("no action found")
    name = tag["name"].lower()
    close = _CLOSE[name].search(text, tag.end())
    if close is None:
        return Invalid(f"<{name}> is not closed by </{name}>")
    attributes = _attributes(tag["attributes"])
    if attributes is None or not attributes.keys() <= ({"engine", "topk"} if name == "search" else set()):
        return Invalid(f'unknown attribute in {quote(tag[0])}; only <search engine="..." topk="..."> takes any')
    return _action(name, unescape(text[tag.end() : close.start()]), attributes)


def _attributes(text: str) -> dict[str, str] | None:
    """Attributes by lower-case name; None where something else stands between them, or one is given twice."""
    found = _ATTRIBUTE.findall(text)
    attributes = {name.lower(): unescape(double or single or bare) for name, double, single, bare in found}
    return attributes if len(attributes) == len(found) and not _ATTRIBUTE.sub("", text).strip() else None


def _action(name: str, content: str, attributes: dict[str, str]) -> Action:
    if name == "answer":
        return Answer(content.strip())
    if name != "search":
        return make_open(content)
    topk = attributes.get("topk")
    if topk is not None and not re.fullmatch("[0-9]{1,3}", topk.strip()):
        return Invalid(f"topk must be a whole number from 1 to {TOPK_LIMIT}")
    return make_search(content, attributes.get("engine"), None if topk is None else int(topk))


def write(action: Search | Open | Answer) -> str:
    """Write an action; what would read as a tag inside its text is escaped."""
    match action:
        case Search(query, engine, topk):
            extra = "" if engine is None else f' engine="{_value(engine)}"'
            extra += "" if topk is None else f' topk="{topk}"'
            return f"<search{extra}>{escape(query)}</search>"
        case Open(title):
            return f"<open>{escape(title)}</open>"
        case Answer(text):
            return f"<answer>{escape(text)}</answer>"


def _value(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _usage(engines: tuple[str, ...], topk: int) -> str:
    return "\n".join(
        (
            "In each turn you may first reason inside <think>...</think>; then write exactly one action:",
            f'<search engine="{engines[0]}">words to look for</search>  shows the best sentence of {topk} documents.',
            f"    engine is one of {', '.join(engines)} (default {engines[0]}); "
            f'topk="1" to topk="{TOPK_LIMIT}" asks for fewer or more documents.',
            "<open>document title</open>  shows a whole page and its links. It must have been listed or linked "
            "before, or be named in the question.",
            "<answer>short answer</answer>  ends the task. Give the bare answer, without a sentence around it.",
            "What comes back stands between <information> and </information>.",
        )
    )


TAGS: Final = Protocol(
    name="tags",
    parse=parse,
    write=write,
    wrap=lambda body: f"<information>\n{body}\n</information>",
    usage=_usage,
    reminder=REMINDER,
)
