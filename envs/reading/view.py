"""What an agent sees of an episode: its history read back into actions and displayed documents.

Everything is a function of the history alone, so agents need no memory between turns. Observations repeat across the
rollouts of a task; they are read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from berrypick.envs.actions import Action, Answer, Open, Search
from berrypick.envs.observations import REFUSED, Setup, read_prompt
from berrypick.envs.protocols import PROTOCOLS, unescape
from berrypick.envs.reading.reader import Passage

_HIT = re.compile(r"Doc \d+ \(Title: ")
_PAGE = "Page (Title: "
_REFUSED = re.compile(rf"(?:^|\n){REFUSED}(.*)")
_UNAVAILABLE = re.compile(r"(\S+) is not available here\.")


class View(NamedTuple):
    """An episode so far.

    Attributes:
        setup: protocol, engines and budgets.
        question: as asked.
        actions: what was done, oldest first.
        shown: what each action displayed; as long as ``actions``.
        refusals: why each action was not carried out, "" where it was; as long as ``actions``.
    """

    setup: Setup
    question: str
    actions: tuple[Action, ...]
    shown: tuple[tuple[Passage, ...], ...]
    refusals: tuple[str, ...]

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Everything displayed, in order."""
        return tuple(passage for passages in self.shown for passage in passages)

    @property
    def turns_left(self) -> int:
        """Turns that remain, this one included."""
        return self.setup.max_turns - len(self.actions)

    @property
    def searches_left(self) -> int:
        """Searches that remain."""
        made = zip(self.actions, self.refusals, strict=True)
        return self.setup.search_budget - sum(isinstance(action, Search) and not refusal for action, refusal in made)

    @property
    def unavailable(self) -> frozenset[str]:
        """Tools that turned out not to work here."""
        return frozenset(filter(None, map(unavailable_in, self.refusals)))

    def write(self, action: Search | Open | Answer) -> str:
        """Write an action as the episode's protocol wants it."""
        return PROTOCOLS[self.setup.protocol].write(action)


def look(history: Sequence[str]) -> View:
    """Read a history: reset observation, then action and observation by turns.

    Raises:
        ValueError: the first text is no reset observation of this environment.
    """
    setup, question = _prompt(history[0])
    actions = tuple(_action(setup.protocol, text) for text in history[1::2])
    seen = history[2::2]
    return View(setup, question, actions, tuple(map(passages, seen)), tuple(map(refusal, seen)))


@lru_cache(maxsize=65536)
def passages(observation: str) -> tuple[Passage, ...]:
    """Read the displayed documents of an observation; none in one that shows no documents."""
    lines = observation.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(_PAGE):
            return (_page(lines[number:]),)
        if _HIT.match(line):
            return tuple(_hits(lines[number:]))
    return ()


@lru_cache(maxsize=65536)
def refusal(observation: str) -> str:
    """Read why an action was not carried out; "" where it was."""
    match = None if passages(observation) else _REFUSED.search(observation)
    return match[1] if match else ""


def unavailable_in(refusal: str) -> str:
    """The tool that a refusal says does not work here, "" where it says something else."""
    match = _UNAVAILABLE.match(refusal)
    return match[1] if match else ""


def _hits(lines: list[str]) -> Iterator[Passage]:
    for line in lines:
        if start := _HIT.match(line):
            title, text = _title(line[start.end() :])
            yield Passage(title, (unescape(text.strip()),))


def _page(lines: list[str]) -> Passage:
    title, _ = _title(lines[0].removeprefix(_PAGE))
    body = [line for line in lines[1:] if line != "</information>"]
    split = len(body) - 1 - body[::-1].index("Links:") if "Links:" in body else len(body)
    links = tuple(unescape(line.removeprefix("- ")) for line in body[split + 1 :])
    return Passage(title, tuple(map(unescape, body[:split])), links, opened=True)


def _title(text: str) -> tuple[str, str]:
    """Split "title) rest" at the bracket that closes the title; a title may hold brackets of its own."""
    depth = 1
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return unescape(text[:position]), text[position + 1 :]
    return unescape(text.removesuffix(")")), ""


@lru_cache(maxsize=4096)
def _prompt(text: str) -> tuple[Setup, str]:
    setup, question = read_prompt(text)
    return setup, unescape(question)


@lru_cache(maxsize=65536)
def _action(protocol: str, text: str) -> Action:
    return PROTOCOLS[protocol].parse(text)
