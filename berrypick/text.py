"""One way to read text: tokens, sentences and normalised answers, shared by engines, snippets and moves."""

from __future__ import annotations

import re
import string
from typing import Final

#: Raised whenever ``tokens`` gives other words: stored indexes hold its words.
TOKENS_VERSION: Final = 1

STOPWORDS: Final = frozenset(
    "a an and are as at be but by for from had has have he her his if in into is it its no not of on or she such that "
    "the their then there these they this to was were will with what which who whom whose where when how did does "
    "do".split()
)
_WORD = re.compile(r"\w+", re.UNICODE)
_POSSESSIVE = re.compile(r"['\u2019]s\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'\u201d)]*\s+(?=[\"'\u201c(]*[A-Z0-9])")
_NOT_AN_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Mt|No|vs|etc|Inc|Ltd|Co|Jr|Sr|Prof|Gen|est|approx|c|ca|e\.g|i\.e)|\b[A-Z])\.$"
)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def tokens(text: str) -> list[str]:
    """Split into lower-case words without stopwords and possessive endings, in order, repeats kept."""
    text = text.lower()
    if "'s" in text or "\u2019s" in text:  # seldom, and looking for the pattern takes a third of the time
        text = _POSSESSIVE.sub("", text)
    return [word for word in _WORD.findall(text) if word not in STOPWORDS]


def sentences(text: str) -> tuple[str, ...]:
    """Split running text into sentences; abbreviations and initials do not end one."""
    parts: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        piece = text[start : match.start()]
        if _NOT_AN_END.search(piece):
            continue
        parts.append(text[start : match.end()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return tuple(part for part in parts if part)


def normalise(answer: str) -> str:
    """Normalise as SQuAD's evaluation does: lower case, no punctuation, no articles, single blanks."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_PUNCTUATION)).split())
