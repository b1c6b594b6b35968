"""What each token of an action is for: ``methods.base.KINDS``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from berrypick.agents.methods.batch import TOKEN_TYPES

THINK, TOOL, QUERY, ANSWER = (TOKEN_TYPES.index(kind) for kind in ("think", "tool", "query", "answer"))
_CONTENT: Final = {"think": THINK, "search": QUERY, "open": QUERY, "access": QUERY, "answer": ANSWER}
_TAG: Final = re.compile(r"<(/?)(think|search|open|access|answer)\b[^<>]*>", re.IGNORECASE | re.ASCII)
_VALUE: Final = re.compile(r'"(query|title|text)"\s*:\s*"((?:[^"\\]|\\.)*)')


def label(text: str, starts: Sequence[int], protocol: str) -> list[int]:
    """Return the kind of each token of an action.

    Tags, names of tools and what JSON puts around them are tool; what is searched for or opened is query; the answer's
    text is answer; everything else is think.

    Args:
        text: the action.
        starts: where the text of each token begins, blanks before it included. Ascending, at most ``len(text)``.
        protocol: which it is written in.
    """
    return at_tokens(characters(text, protocol), text, starts)


def characters(text: str, protocol: str) -> list[int]:
    """Return the kind of each character of an action, and one more, of what ends it."""
    return (_tags if protocol == "tags" else _calls)(text)


def at_tokens(marks: Sequence[int], text: str, starts: Sequence[int]) -> list[int]:
    """Return what characters are marked with where tokens begin; arguments as in ``label``, blanks skipped."""
    found = []
    for start in starts:
        while start < len(text) and text[start].isspace():
            start += 1
        found.append(marks[start])
    return found


def _tags(text: str) -> list[int]:
    marks = [THINK] * (len(text) + 1)
    inside, begun = "", 0
    for tag in _TAG.finditer(text):
        closes, name = bool(tag[1]), tag[2].lower()
        if inside and not (closes and name == inside):
            continue  # a tag within a thought or a query is part of it
        _mark(marks, tag.start(), tag.end(), TOOL)
        if inside:
            _mark(marks, begun, tag.start(), _CONTENT[inside])
        inside, begun = ("" if closes else name), tag.end()
    if inside:
        _mark(marks, begun, len(text), _CONTENT[inside])
    return marks


def _calls(text: str) -> list[int]:
    marks = [THINK] * (len(text) + 1)
    start = text.find("{", text.rfind("</think>") + 1)
    if start >= 0:
        _mark(marks, start, text.rfind("}") + 1 or len(text), TOOL)
        for value in _VALUE.finditer(text, start):
            _mark(marks, value.start(2), value.end(2), ANSWER if value[1] == "text" else QUERY)
    return marks


def _mark(marks: list[int], start: int, end: int, kind: int) -> None:
    marks[start:end] = [kind] * (end - start)
