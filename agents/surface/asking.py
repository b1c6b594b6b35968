"""Read a question without a grammar: the names in it, what kind of thing it asks for, and the words that tell which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from berrypick.agents.surface import lexicon
from berrypick.agents.surface.lexicon import KIN, ROLES
from berrypick.text import tokens

_QUOTED: Final = re.compile(r"[\"\u201c]([^\"\u201c\u201d]{2,80})[\"\u201d]")
_JOINS: Final = frozenset("of the and de du la le von van in for on at to a an & with from by".split())
_AUXILIARY: Final = frozenset("do does did is are was were has have had can could will would".split())
#: Capitalised only because they begin a sentence.
_OPENERS: Final = _AUXILIARY | frozenset(
    "who whom whose what when where which why how both in on at by for from of to between among the a an this that "
    "these those one two if as after before during according".split()
)
_MARKS: Final = "\"'\u201c\u201d\u2018\u2019()?.,;:"
_MOST_NAMES: Final = 6


class Name(NamedTuple):
    """A name in a question: its spellings, the likeliest title first, and where it begins."""

    spellings: tuple[str, ...]
    start: int


class ReadQuestion(NamedTuple):
    """What a question shows on its surface.

    Attributes:
        text: the question.
        names: capitalised or quoted spans, in order.
        kind: ``yes/no``, ``choice``, ``date``, ``year``, ``number``, ``place``, ``country``, ``nationality`` or
            ``name``.
        chain: roles between a name of the question and what is asked, in order of following: ("director",).
        words: content words outside of the names, in order.
        choices: of a choice, the names to choose from.
    """

    text: str
    names: tuple[Name, ...]
    kind: str
    chain: tuple[str, ...]
    words: tuple[str, ...]
    choices: tuple[Name, ...]


@lru_cache(maxsize=4096)
def read(question: str) -> ReadQuestion:
    """Read a question; total: any text gives an ``ReadQuestion``."""
    names = tuple(_names(question))[:_MOST_NAMES]
    kind = kind_of(question, names)
    taken = {word for name in names for spelling in name.spellings for word in tokens(spelling)}
    words = tuple(dict.fromkeys(word for word in tokens(question) if word not in taken))
    choices = (_choices(question) or names[-2:]) if kind == "choice" else names if kind == "yes/no" else ()
    return ReadQuestion(question, names, kind, _chain(question.lower(), kind), words, choices)


def kind_of(question: str, names: tuple[Name, ...]) -> str:
    """The kind of thing that a question asks for, by its first words and the noun behind them."""
    low = question.lower().strip()
    first = low.split(maxsplit=1)[0] if low else ""
    if " or " in low and len(names) >= 2 and re.search(r"\b(which|who|what|whose)\b|^(is|are|was|were)\b", low):
        return "choice"
    if first in _AUXILIARY:
        return "yes/no"
    for kind, pattern in _KINDS:
        if re.search(pattern, low):
            return kind
    return "name"


_KINDS: Final = (
    ("number", r"\bhow (many|much)\b|\bwhat (number|percentage|population)\b|\bpopulation of\b"),
    ("year", r"\b(what|which|in what|in which) year\b|\byear (was|did|were)\b"),
    ("date", r"\bwhen\b|\bwhat (is the )?date\b|\bdate of (birth|death)\b|\bwhat day\b"),
    ("nationality", r"\bnationality\b"),
    ("country", r"\b(what|which) country\b|\bcountry of (citizenship|origin)\b|\bwhat nation\b"),
    (
        "place",
        r"\bwhere\b|\bplace of (birth|death|burial)\b|\b(what|which) (city|town|state|county|village|province)\b",
    ),
)


def _choices(question: str) -> tuple[Name, ...]:
    """The two things of "..., this or that?", whatever their case; () where the question is not put so."""
    found = re.search(r"[,:] (?:the )?([^,]+(?:, [A-Z][^,]*)?),? or (?:the )?([^?]+)\??$", question.strip())
    if found is None:
        return ()
    return tuple(Name(_spellings(found[number]), found.start(number)) for number in (1, 2) if _spellings(found[number]))


def _chain(low: str, kind: str) -> tuple[str, ...]:
    """The roles to follow from a name; the last one is what is asked where a person is."""
    for kin, both in KIN.items():
        if re.search(rf"\b{kin}\b", low):
            return both
    places = sorted((found.start(), role) for role in ROLES if (found := re.search(rf"\b{role}s?\b", low)))
    # "the father of the director of X": what stands last is followed first.
    roles: tuple[str, ...] = tuple(role for _, role in reversed(places))
    if "'s " in low and len(roles) == 2 and low.find("'s ") < places[0][0]:
        roles = roles[::-1]
    return roles[:2]


def _names(question: str) -> list[Name]:
    quoted = [Name((found[1],), found.start()) for found in _QUOTED.finditer(question)]
    low = question.lower()
    split = low.partition(" ")[0] in _AUXILIARY or " both " in low
    runs = [name for start, run in _runs(question) for name in _parts(run, start, split)]
    runs = list(_joined(runs, question))
    inside = [name for name in runs if not any(name.spellings[0] in one.spellings[0] for one in quoted)]
    proper = [name for name in inside if not lexicon.is_nation(name.spellings[0])]
    inside = proper if proper or quoted else inside  # "Which German ..." names nothing that has a page
    found: dict[str, Name] = {}
    for name in sorted([*quoted, *inside], key=lambda name: name.start):
        found.setdefault(name.spellings[0].casefold(), name)
    return list(found.values())


def _joined(names: list[Name], question: str) -> Iterator[Name]:
    """Names, and with a comma between two of them both as one: "Burbur, North Khorasan"."""
    number = 0
    while number < len(names):
        name = names[number]
        while number + 1 < len(names) and question[name.start :].startswith(
            both := f"{name.spellings[0]}, {names[number + 1].spellings[0]}"
        ):
            name = Name((both, *name.spellings), name.start)
            number += 1
        yield name
        number += 1


def _runs(question: str) -> list[tuple[int, str]]:
    """Runs of capitalised words with the small words between them; a comma, "or" or the end of a sentence ends one."""
    words = [(found.start(), found[0]) for found in re.finditer(r"\S+", question)]
    runs, number = list[tuple[int, str]](), 0
    while number < len(words):
        if not _capital(words, number):
            number += 1
            continue
        end = number + 1
        while end < len(words) and not _closes(words[end - 1][1]):
            ahead = end
            if words[ahead][1].startswith("("):  # "Third World (band)"
                while ahead + 1 < len(words) and ")" not in words[ahead][1]:
                    ahead += 1
                end = ahead + 1
                continue
            while ahead < len(words) and ahead - end < 3 and words[ahead][1].lower() in _JOINS:
                ahead += 1
            if ahead == len(words) or not _capital(words, ahead):
                break
            end = ahead + 1
        runs.append((words[number][0], " ".join(word for _, word in words[number:end])))
        number = end
    return runs


def _capital(words: list[tuple[int, str]], number: int) -> bool:
    bare = words[number][1].lstrip(_MARKS)
    opens = number == 0 or words[number - 1][1].endswith(("?", "."))
    if not bare or (opens and bare.rstrip(_MARKS).lower() in _OPENERS):
        return False
    ahead = words[number + 1][1].lstrip(_MARKS)[:1] if number + 1 < len(words) else ""
    inside = number > 0 and words[number - 1][1].lstrip(_MARKS)[:1].isupper() and not _closes(words[number - 1][1])
    return bare[0].isupper() or (bare[0].isdigit() and (ahead.isupper() or inside))


def _closes(word: str) -> bool:
    return word.endswith((",", "?", ";")) or word.lower() == "or"


def _parts(run: str, start: int, split: bool) -> list[Name]:
    parts = re.split(r" and ", run) if split and " and " in run else [run]
    return [Name(_spellings(part), start + run.find(part)) for part in parts if _spellings(part)]


def _spellings(part: str) -> tuple[str, ...]:
    whole = re.sub(r"['\u2019]s?$", "", part.strip(' ,;?\u201c\u201d"').removesuffix("."))
    bare = re.sub(r"\s*\([^)]*\)?$", "", whole)
    apart = [piece.strip() for piece in re.split(r" and |: |['\u2019]s ", bare) if piece != bare]
    return tuple(dict.fromkeys(text for text in (whole, bare, *apart) if any(map(str.isalnum, text))))
