"""Read displayed documents without a grammar: the sentence that says most, and the span of its type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from berrypick.agents.surface.lexicon import COUNTRIES, ROLES, is_nation
from berrypick.corpora.answerability.mentions import capitalised, fold
from berrypick.envs.reading.reader import Passage
from berrypick.text import normalise, tokens

_MONTH: Final = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE: Final = re.compile(
    rf"\d{{1,2}} {_MONTH},? \d{{3,4}}|{_MONTH} \d{{1,2}}, ?\d{{3,4}}|{_MONTH} \d{{4}}|\b1?\d{{3}}\b"
)
_YEAR: Final = re.compile(r"\b(?:1\d|20)\d\d\b")
_NUMBER: Final = re.compile(
    r"\b\d[\d,.]*(?: (?:million|billion|thousand|percent))?\b|\b(?:two|three|four|five|six|seven|eight|nine|ten)\b"
)
_PLACE: Final = re.compile(
    r"\b(?:in|at|near|from) ((?:the )?[A-Z][\w.'\u2019-]*(?: (?:of |the |de )?[A-Z][\w.'\u2019-]*)*)"
)
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH[3:-1].split("|"), 1)}
#: Words of a question and the cues that stand for them in prose.
_CUES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("born", "birth", "older", "younger", "oldest", "youngest"), ("born", "birth")),
    **dict.fromkeys(("die", "died", "death"), ("died", "death")),
    **dict.fromkeys(("released", "come", "came"), ("released", "film", "album")),
}


class Span(NamedTuple):
    """A span that may be the value of something, and how well it fits."""

    text: str
    score: float


def about(name: str, passages: Iterable[Passage]) -> list[Passage]:
    """The passages whose title is a name, with or without the brackets behind it; whole pages first."""
    wanted = fold(name)
    bare = re.sub(r" \([^)]*\)$", "", wanted)
    found = [one for one in passages if fold(one.title) == wanted or _bare(one.title) == bare]
    return sorted(found, key=lambda one: (not one.opened, fold(one.title) != wanted))


def sentences(passages: Iterable[Passage]) -> list[str]:
    """The sentences of passages, each once."""
    return list(dict.fromkeys(text for passage in passages for text in passage.sentences))


def role(role_name: str, spellings: Sequence[str], passages: Sequence[Passage]) -> str:
    """The name beside the words of a role in the passages about something; "" where none is."""
    own = {_bare(spelling) for spelling in spellings}
    for cue in ROLES[role_name]:
        for text in sentences(passages):
            for found in re.finditer(rf"\b{cue}\b", text, re.IGNORECASE):
                after = text[found.end() : found.end() + 90]
                others = [name for name in _names(after, "") if fold(name) not in own]
                if others:
                    return others[0]
    return ""


def date(passages: Sequence[Passage], words: Sequence[str], *, year: bool = False) -> str:
    """The date beside the cues of some words: of a birth the first one in the brackets, of a death the second."""
    pattern, texts = (_YEAR if year else _DATE), sentences(passages)
    for text in texts[:2]:
        bracket = re.search(r"\(([^)]*\d{3,4}[^)]*)\)", text)
        spans = pattern.findall(bracket[1]) if bracket else []
        if (
            spans
            and {"born", "birth", "older", "younger", "oldest"} & {*words}
            and bracket
            and "died" not in bracket[1]
        ):
            return str(spans[0])
        if len(spans) > 1 and {"die", "died", "death"} & {*words}:
            return str(spans[-1])
    return _nearest(texts, words, pattern)


def place(passages: Sequence[Passage], words: Sequence[str]) -> str:
    """The place behind "in" or "at" that is next to the cues of some words."""
    return _nearest(sentences(passages), words, _PLACE)


def number(passages: Sequence[Passage], words: Sequence[str]) -> str:
    """The number next to the cues of some words."""
    return _nearest(sentences(passages), words, _NUMBER)


def country(passages: Iterable[Passage]) -> tuple[str, str]:
    """The first country or nationality that passages tell: as it is written, and the country; ("", "") for none."""
    for text in sentences(passages):
        found = [(place, -len(word), word, name) for word, name in _nations() if (place := _at(word, text)) >= 0]
        if found:
            _, _, word, name = min(found)
            return word, name
    return "", ""


def name(passages: Sequence[Passage], words: Sequence[str], question: str) -> str:
    """A name that the question does not have, of the sentence that says most of it, next to its words."""
    asked, stems = normalise(question), {_stem(word) for word in words}
    best = Span("", -1.0)
    for passage in passages:
        for order, text in enumerate(passage.sentences):
            hits = [found.start() for found in re.finditer(r"\w+", text) if _stem(found[0].lower()) in stems]
            shared = len({_stem(word) for word in tokens(text)} & {_stem(word) for word in tokens(question)})
            for span in (*_names(text, passage.title), passage.title):
                if normalise(span) and f" {normalise(span)} " not in f" {asked} ":
                    away = min((abs(text.find(span) - hit) for hit in hits), default=400) if span in text else 300
                    score = shared - away / 200 - order / 50 - 2 * is_nation(span)
                    best = max(best, Span(span, score), key=lambda one: one.score)
    return best.text


def day(text: str) -> tuple[int, int, int]:
    """A date as numbers that compare; zeros for what it does not say."""
    year, month = re.search(r"\b(\d{3,4})\b", text), next((name for name in _MONTHS if name in text), "")
    of_month = re.search(r"\b(\d{1,2})\b", text)
    return int(year[1]) if year else 0, _MONTHS.get(month, 0), int(of_month[1]) if of_month and month else 0


def says(passages: Sequence[Passage], words: Sequence[str]) -> bool:
    """Whether the passages hold all of some words, by their stems."""
    held = {_stem(word) for text in sentences(passages) for word in tokens(text)}
    return bool(words) and all(_stem(word) in held for word in words)


def _nearest(texts: Sequence[str], words: Sequence[str], pattern: re.Pattern[str]) -> str:
    cues = [cue for word in words for cue in _CUES.get(word, (word,))]
    best = Span("", -1e9)
    for order, text in enumerate(texts):
        low = text.lower()
        hits = [place for cue in cues if (place := low.find(_stem(cue))) >= 0]
        for found in pattern.finditer(text):
            away = min((abs(found.start() - hit) for hit in hits), default=500)
            score = len(hits) * 40 - away - 5 * order
            best = max(best, Span(found[found.lastindex or 0], score), key=lambda one: one.score)
    return re.sub(r"['\u2019]s$", "", best.text.rstrip(".,"))


def _names(text: str, title: str) -> Iterator[str]:
    for span in capitalised(text):
        if fold(span) != fold(title) and span.lower() not in _NO_NAMES and not _MONTHS.get(span.split()[0]):
            yield re.sub(r"['\u2019]s$", "", span)


_NO_NAMES: Final = frozenset("the he she it his her they this in a an i its their after as at on".split())


def _stem(word: str) -> str:
    return word[:5]


def _bare(title: str) -> str:
    return re.sub(r" \([^)]*\)$", "", fold(title))


def _at(word: str, text: str) -> int:
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return found.start() if found else -1


@lru_cache(maxsize=1)
def _nations() -> tuple[tuple[str, str], ...]:
    return tuple((word, name) for name, others in COUNTRIES.items() for word in (name, *others))
