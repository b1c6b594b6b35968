"""An episode for people: plain text, or colours in a terminal."""

from __future__ import annotations

import re
from typing import Final

from berrypick.envs.scoring.trace import Trace

#: All but line ends and tabs; a terminal obeys them, whoever wrote them.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def blocks(trace: Trace) -> list[tuple[str, str]]:
    """Return the episode as (heading, text) blocks: the prompt, then action and observation of each turn.

    Control characters are spelled out: policies and documents are strangers, and the blocks go to a terminal.
    """
    parts = [(f"{trace.corpus.name} / {trace.question.id}", trace.prompt)]
    for number, turn in enumerate(trace.turns, 1):
        parts.append((f"turn {number}: {_label(trace, number - 1)}", turn.raw))
        if turn.observation:
            parts.append(("observation", turn.observation))
    if trace.terminated or trace.truncated:
        how = "answered" if trace.terminated else "out of turns"
        parts.append((f"end: {how}", f"answer: {trace.answer}\nreward: {trace.reward:g}"))
    return [(_printable(heading), _printable(text)) for heading, text in parts]


def _printable(text: str) -> str:
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _label(trace: Trace, index: int) -> str:
    turn = trace.turns[index]
    kind = type(turn.action).__name__.lower()
    where = f" {turn.engine} top {turn.topk}" if turn.engine else ""
    return kind + where + ("" if turn.valid else " (refused)" if kind != "invalid" else "")


def as_text(trace: Trace) -> str:
    """Return the whole episode as plain text."""
    return "\n\n".join(f"--- {heading}\n{text}" for heading, text in blocks(trace))


def show(parts: list[tuple[str, str]]) -> None:
    """Write blocks to the terminal."""
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console()
    for heading, text in parts:
        console.print(Rule(Text(heading, style="bold"), align="left"))
        console.print(Text(text, style="cyan" if heading == "observation" else ""))
