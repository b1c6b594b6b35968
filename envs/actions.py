"""What a policy can do in one turn, whatever protocol it was written in."""

from __future__ import annotations

from berrypick.records import Record


class Search(Record, tag="search"):
    """Query an engine; ``engine`` and ``topk`` None mean the environment's defaults."""

    query: str
    engine: str | None = None
    topk: int | None = None


class Open(Record, tag="open"):
    """Show a page by its title."""

    title: str


class Answer(Record, tag="answer"):
    """End the episode with an answer."""

    text: str


class Invalid(Record, tag="invalid"):
    """Anything else; ``reason`` is told to the policy."""

    reason: str


Action = Search | Open | Answer | Invalid
