"""Which titles and names of entities stand in a query: at any size of corpus, in arrays that may lie on disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from berrypick import io
from berrypick.text import tokens

VERSION: Final = 1
_REMEMBERED: Final = 16_384
_WORDS: Final = "words.txt"
_ARRAYS: Final = ("heads", "starts", "members", "kinds")


class Phrases:
    """Sets of words, each of some kind, found by their rarest word.

    Args:
        words: all words, the rarest first; a word's number is its place here.
        arrays: ``heads`` (words + 1,): the first of the phrases whose rarest word each is; ``starts`` (phrases + 1,):
            the first of the members of each phrase; ``members``: the numbers of their words; ``kinds`` (phrases,).
    """

    def __init__(self, words: list[str], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._words = words
        self._number = {word: number for number, word in enumerate(words)}
        # Plain views: slices of a memory-mapped array take twice the time.
        self._arrays = {name: np.asarray(array) for name, array in arrays.items()}
        self._kept = lru_cache(maxsize=_REMEMBERED)(self._within)

    def within(self, held: frozenset[str]) -> Mapping[frozenset[str], int]:
        """The phrases of which every word is held, with their kinds."""
        return self._kept(held)

    def _within(self, held: frozenset[str]) -> dict[frozenset[str], int]:
        heads, starts, members, kinds = (self._arrays[name] for name in _ARRAYS)
        known = np.array(sorted(self._number[word] for word in held if word in self._number), dtype=np.int64)
        pairs = zip(heads[known].tolist(), heads[known + 1].tolist(), strict=True)
        ranges = [(first, last) for first, last in pairs if first < last]
        if not ranges:
            return {}
        phrases = np.concatenate([np.arange(first, last) for first, last in ranges])
        words = np.concatenate([members[starts[first] : starts[last]] for first, last in ranges])
        inside = known[np.minimum(known.searchsorted(words), len(known) - 1)] == words
        ends = np.cumsum(starts[phrases + 1] - starts[phrases])
        whole = np.logical_and.reduceat(inside, np.concatenate([[0], ends[:-1]]))
        found = {}
        for phrase in phrases[whole].tolist():
            own = members[starts[phrase] : starts[phrase + 1]].tolist()
            found[frozenset(self._words[word] for word in own)] = int(kinds[phrase])
        return found

    def save(self, folder: Path) -> None:
        """Write words and arrays into a folder."""
        io.write_bytes(folder / _WORDS, "\n".join(self._words).encode())
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", self._arrays[name])


def open_phrases(folder: Path) -> Phrases:
    """Open what ``save`` wrote; the arrays stay on disk."""
    text = (folder / _WORDS).read_text("utf-8")
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
    return Phrases(text.split("\n") if text else [], arrays)


def collect(named: Iterable[tuple[str, int]]) -> Phrases:
    """Make phrases of texts with their kinds (0 to 255); of texts with the same words the first one counts."""
    numbers: dict[str, int] = {}
    seen: set[bytes] = set()
    members, sizes, kinds = array("i"), array("i"), array("B")
    for text, kind in named:
        phrase = array("i", sorted({numbers.setdefault(word, len(numbers)) for word in tokens(text)}))
        if phrase and phrase.tobytes() not in seen:
            seen.add(phrase.tobytes())
            members.extend(phrase)
            sizes.append(len(phrase))
            kinds.append(kind)
    common = np.bincount(np.array(members, dtype=np.int64), minlength=len(numbers)).tolist()
    words = sorted(numbers, key=lambda word: (common[numbers[word]], word))
    rank = np.empty(len(words), dtype=np.int32)
    rank[[numbers[word] for word in words]] = np.arange(len(words), dtype=np.int32)
    return Phrases(
        words, _arrays(rank[np.array(members, dtype=np.int64)], np.array(sizes), np.array(kinds), len(words))
    )


def _arrays(
    members: npt.NDArray[np.int32], sizes: npt.NDArray[np.int32], kinds: npt.NDArray[np.uint8], words: int
) -> dict[str, npt.NDArray[Any]]:
    """Sort the members of each phrase by rarity, and the phrases by their rarest member."""
    phrase_of = np.repeat(np.arange(len(sizes)), sizes)
    members = members[np.lexsort((members, phrase_of))]
    rarest = members[np.cumsum(sizes) - sizes] if len(sizes) else members
    order = np.argsort(rarest, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return {
        "heads": np.searchsorted(rarest[order], np.arange(words + 1)),
        "starts": np.concatenate([[0], np.cumsum(sizes[order])]).astype(np.int64),
        "members": members[np.argsort(place[phrase_of], kind="stable")],
        "kinds": kinds[order],
    }
