"""Which names a text mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
_JOIN = r"(?:(?:of|the|and|de|du|la|von|van|in|for|on|at|to|a|an|&)\s+){0,3}"
_SPAN = re.compile(rf"[A-Z][\w.'’-]*(?:\s+{_JOIN}[A-Z0-9][\w.'’-]*)*")
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,80})[\"”]")


def key(name: str) -> str:
    """The words of a name, case-folded: what two spellings of it share."""
    return " ".join(_WORD.findall(name.casefold()))


def occurs(name: str, text: str) -> bool:
    """Whether the words of a name stand in a text one after another, whatever their case."""
    wanted = key(name)
    return bool(wanted) and f" {wanted} " in f" {key(text)} "


def spelled(name: str, text: str) -> bool:
    """Whether a name stands in a text as it is spelled, marks included, in any case."""
    wanted = fold(name)
    return bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", fold(text)) is not None


def fold(text: str) -> str:
    """Case-fold and collapse blanks."""
    return " ".join(text.casefold().split())


def capitalised(text: str) -> list[str]:
    """Runs of capitalised words, and quoted spans, in order: what reads as a name where no list of names is known."""
    spans = [match[0].rstrip(".'’-") for match in _SPAN.finditer(text)] + _QUOTED.findall(text)
    return list(dict.fromkeys(span for span in spans if span))


class Mentions:
    """Finds known names in texts, the longest first, without overlap.

    Args:
        names: the names to look for.
        fold: whether case may differ.
    """

    def __init__(self, names: Iterable[str], *, fold: bool = True) -> None:
        self._fold = fold
        self._names: dict[tuple[str, ...], list[str]] = {}
        self._lengths: dict[str, list[int]] = {}
        for name in names:
            words = self._words(name)
            if words:
                self._names.setdefault(words, []).append(name)
                self._lengths.setdefault(words[0], []).append(len(words))
        for first, lengths in self._lengths.items():
            self._lengths[first] = sorted(set(lengths), reverse=True)

    def find(self, text: str) -> list[str]:
        """Return the names that stand in ``text``, in order of first appearance."""
        words, found, start = self._words(text), dict[str, None](), 0
        while start < len(words):
            for length in self._lengths.get(words[start], ()):
                names = self._names.get(words[start : start + length])
                if names:
                    found.update(dict.fromkeys(names))
                    start += length - 1
                    break
            start += 1
        return list(found)

    def _words(self, text: str) -> tuple[str, ...]:
        return tuple(_WORD.findall(text.casefold() if self._fold else text))
