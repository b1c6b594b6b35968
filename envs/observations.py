"""What a policy reads: the reset observation, lists of hits, pages. The same bodies in every protocol.

Titles and sentences are data: each stands on one line, and whatever in them reads as a tag is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from berrypick.envs.protocols import PROTOCOLS, escape
from berrypick.records import Document, Record

#: Longest observation, in characters.
OBSERVATION_LIMIT: Final = 2**20
#: Longest sentence shown, and most characters of sentences and of links on one page.
SENTENCE_LIMIT: Final = 2**13
PAGE_LIMIT: Final = 2**16

_SETUP: Final = "Setup: "
_QUESTION: Final = "Question: "
NOTHING_FOUND: Final = "No documents found."
#: What stands before the reason wherever a valid action is not carried out.
REFUSED: Final = "Refused: "
NO_SUCH_PAGE: Final = (
    f"{REFUSED}no such document here. Only documents that were listed or linked before, "
    "or that the question names, can be opened."
)
ENGINE_FAILED: Final = "The search engine failed and found nothing. This says nothing about the query; try again."


def used_up(budget: int) -> str:
    """Say that no search is left."""
    return f"{REFUSED}all {budget} searches are used. Open a page or answer."


def unavailable(tool: str) -> str:
    """Say that a tool does not work here at all."""
    return f"{REFUSED}{tool} is not available here. Use another tool or answer."


def unavailable_form(tool: str, form: str) -> str:
    """Say that a tool does not take one form."""
    return f"{REFUSED}{tool} does not take {form} here. Use another form or another tool."


class Setup(Record):
    """What the marker line of a reset observation says, for agents that do not read prose."""

    protocol: str
    engines: tuple[str, ...]
    topk: int
    max_turns: int
    search_budget: int


def prompt(setup: Setup, question: str) -> str:
    """Return the reset observation: task, protocol, budgets, the line ``Setup: {...}``, and the question last."""
    return f"{_instructions(setup)}\n{_QUESTION}{line(question)}"


@lru_cache(maxsize=256)
def _instructions(setup: Setup) -> str:
    usage = PROTOCOLS[setup.protocol].usage(setup.engines, setup.topk)
    return (
        "Answer the question at the end by searching a collection of documents. It may take several facts, "
        "each found with what the one before told you.\n"
        f"{usage}\n"
        f"You have {setup.max_turns} turns, at most {setup.search_budget} of them searches. A turn without a valid "
        "action is lost; when the turns are used up, the task ends without an answer.\n"
        f"{_SETUP}{msgspec.json.encode(setup).decode()}"
    )


def read_prompt(prompt: str) -> tuple[Setup, str]:
    """Return the setup and the question of a reset observation.

    Raises:
        ValueError: the text is not a reset observation of this environment.
    """
    head, _, question = prompt.rpartition(f"\n{_QUESTION}")
    _, found, setup = head.rpartition(f"\n{_SETUP}")
    if not found:
        raise ValueError("not a reset observation: it has no 'Setup: {...}' line before its question")
    return msgspec.json.decode(setup, type=Setup), question


@lru_cache(maxsize=65536)
def line(text: str) -> str:
    """Show foreign text on one line, at most ``SENTENCE_LIMIT`` characters, with what reads as a tag escaped."""
    return escape(" ".join(text[:SENTENCE_LIMIT].split()))


def results(hits: Sequence[tuple[Document, int]]) -> str:
    """Show hits, best first, one ``Doc i (Title: ...) sentence`` a line; a hit is a document and a sentence's index."""
    if not hits:
        return NOTHING_FOUND
    return "\n".join(
        f"Doc {rank} (Title: {line(document.title)}) {line(document.sentences[index]) if document.sentences else ''}"
        for rank, (document, index) in enumerate(hits, 1)
    )


def page(document: Document, links: Sequence[str]) -> tuple[str, int]:
    """Show a page: its title, a sentence a line, and the titles it links to.

    Returns:
        The text, and how many sentences it shows: all of them up to ``PAGE_LIMIT`` characters.
    """
    sentences = _head([line(sentence) for sentence in document.sentences])
    lines = [f"Page (Title: {line(document.title)})", *sentences]
    if links:
        lines += ["Links:", *_head([f"- {line(title)}" for title in links])]
    return "\n".join(lines), len(sentences)


def _head(lines: list[str]) -> list[str]:
    """The first lines that fit in ``PAGE_LIMIT`` characters."""
    room = PAGE_LIMIT
    for count, text in enumerate(lines):
        room -= len(text)
        if room < 0:
            return lines[:count]
    return lines
