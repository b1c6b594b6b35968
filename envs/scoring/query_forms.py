"""What the words of a query are: names or plain words, and which form of a name (docs/design.md).

A word is (part of) a name where it is capitalised in running text, that is in the question or in what the episode has
displayed, or where the query holds a whole title or a whole name of an entity. A single word of some title is no
name: in a corpus of thousands of titles nearly every word is.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NamedTuple

from berrypick.corpora.index_cache import index_folder
from berrypick.corpora.lazy_jsonl import Rows
from berrypick.corpora.store import Corpus
from berrypick.envs.scoring.name_index import VERSION, Phrases, collect, open_phrases
from berrypick.records import Document, Entity
from berrypick.text import normalise, sentences, tokens

#: Forms of a name that a corpus's entities tell apart.
NAME_KINDS: Final = ("full", "initial", "byname")
#: What the numbers in ``Phrases`` stand for.
_NUMBERED_KINDS: Final = ("", *NAME_KINDS)
#: Forms of a query, and those among them of nothing but names, which all titles have.
NAME_FORMS: Final = ("names", *(f"names:{kind}" for kind in NAME_KINDS))
FORMS: Final = (*NAME_FORMS, "words", "names+words", "whole")
#: Share of the question's content words from which a query counts as the whole question.
WHOLE: Final = 2 / 3

#: See ``Lexicon``.
Store = Callable[[Callable[[Path], None]], Path]

_WORD = re.compile(r"\w+", re.UNICODE)
_TITLE, _LINKS = -1, -2
_NUMBERED = re.compile(r"\s*\([^()]*\)\s*$")


def capitalised(sentence: str) -> frozenset[str]:
    """Lower-cased words that are capitalised in a sentence; its first word only where the next one is too."""
    words = _WORD.findall(sentence)
    upper = [word[0].isupper() for word in words]
    return frozenset(word.lower() for i, word in enumerate(words) if upper[i] and (i > 0 or upper[1:2] == [True]))


class Passage(NamedTuple):
    """A displayed piece of text: its content words, its capitalised words, and its text as answers are compared."""

    words: frozenset[str]
    names: frozenset[str]
    normalised: str


def passage(*texts: str) -> Passage:
    """Read sentences, titles or links that are displayed together."""
    return Passage(
        frozenset(word for text in texts for word in tokens(text)),
        frozenset().union(*map(capitalised, texts)),
        " | ".join(map(normalise, texts)),
    )


class Query(NamedTuple):
    """A query taken apart.

    Attributes:
        tokens: content words, in order, with repeats.
        words: the same without repeats.
        names: those that belong to names.
        kinds: form of a name -> its words, for the forms of ``NAME_KINDS`` that occur.
        whole: the query holds at least 2/3 of the question's content words.
    """

    tokens: tuple[str, ...]
    words: tuple[str, ...]
    names: frozenset[str]
    kinds: dict[str, frozenset[str]]
    whole: bool

    @property
    def form(self) -> str:
        """``names`` (``names:full`` etc. where one form covers them all), ``words``, ``names+words`` or ``whole``."""
        if self.names and len(self.names) == len(self.words):
            return f"names:{kind}" if (kind := self.kind) else "names"
        if self.whole:
            return "whole"
        return "names+words" if self.names else "words"

    @property
    def kind(self) -> str:
        """The one form that all names have, "" where they are mixed or unknown."""
        return next(iter(self.kinds)) if [*self.kinds.values()] == [self.names] else ""


def is_whole(words: Iterable[str], asked: Set[str]) -> bool:
    """Whether words hold at least 2/3 of the question's content words."""
    return bool(asked) and len(asked & frozenset(words)) >= WHOLE * len(asked)


class Lexicon:
    """What a corpus says about words. Displayed text is read once and kept.

    Args:
        documents: of the corpus.
        entities: of the corpus.
        store: ``store(fill)`` returns a folder that ``fill`` filled once, where reading all names each time is slow.
    """

    def __init__(self, documents: Sequence[Document], entities: Sequence[Entity], store: Store | None = None) -> None:
        self._documents, self._entities, self._store = documents, entities, store
        self._passages: dict[tuple[int, int], Passage] = {}
        self._questions: dict[str, Passage] = {}

    def question(self, text: str) -> Passage:
        """Read a question."""
        if text not in self._questions:
            self._questions[text] = passage(*sentences(text))
        return self._questions[text]

    def sentence(self, document: int, sentence: int) -> Passage:
        """Read a displayed sentence."""
        return self._kept(document, sentence)

    def title(self, document: int) -> Passage:
        """Read a displayed title."""
        return self._kept(document, _TITLE)

    def links(self, document: int) -> Passage:
        """Read the links of an opened page."""
        return self._kept(document, _LINKS)

    def _kept(self, document: int, part: int) -> Passage:
        key = (document, part)
        if key not in self._passages:
            page = self._documents[document]
            # A page without sentences is displayed as its sentence 0.
            texts = page.sentences[part : part + 1] if part >= 0 else (page.title,) if part == _TITLE else page.links
            self._passages[key] = passage(*texts)
        return self._passages[key]

    def take_apart(self, text: str, question: Passage, running: Set[str]) -> Query:
        """Take a query apart.

        Args:
            text: the query.
            question: the question, as read by ``question``.
            running: words capitalised in the running text so far, the question's included.
        """
        spoken = tuple(tokens(text))
        words = tuple(dict.fromkeys(spoken))
        held = frozenset(words)
        phrases = self._phrases_in(held)
        names = (held & running).union(*phrases)
        kinds = {kind: frozenset().union(*of_kind) for kind in NAME_KINDS if (of_kind := _of(kind, phrases))}
        return Query(spoken, words, names, kinds, is_whole(held, question.words))

    def _phrases_in(self, held: frozenset[str]) -> dict[frozenset[str], str]:
        """Phrases within a query. A name that is part of a name is none: "A. Vale", the word "vale", in "Ana Vale"."""
        found = {phrase: _NUMBERED_KINDS[kind] for phrase, kind in self._phrases.within(held).items()}
        named = [phrase for phrase, kind in found.items() if kind]
        return {phrase: kind for phrase, kind in found.items() if not any(phrase < name for name in named)}

    @cached_property
    def _phrases(self) -> Phrases:
        """Titles and names of entities."""
        if self._store is None:
            return collect(self._named())
        return open_phrases(self._store(lambda draft: collect(self._named()).save(draft)))

    def _named(self) -> Iterator[tuple[str, int]]:
        for number, kind in enumerate(NAME_KINDS, 1):
            yield from ((getattr(entity, kind), number) for entity in self._entities)
        yield from ((name, 0) for page in self._documents for name in _names_of(page.title))


def _of(kind: str, phrases: dict[frozenset[str], str]) -> list[frozenset[str]]:
    return [phrase for phrase, of_kind in phrases.items() if of_kind == kind]


def _names_of(title: str) -> tuple[str, ...]:
    """A title without its number or qualifier in brackets, and what stands before its colon."""
    bare = _NUMBERED.sub("", title)
    head, colon, _ = bare.partition(": ")
    return (bare, head) if colon else (bare,)


_LEXICONS: dict[int, Lexicon] = {}


def lexicon(corpus: Corpus) -> Lexicon:
    """Return the corpus's lexicon, made on first use and dropped with the corpus."""
    found = _LEXICONS.get(id(corpus))
    if found is None:
        found = _LEXICONS[id(corpus)] = Lexicon(corpus.documents, corpus.entities, _store(corpus))
        weakref.finalize(corpus, _LEXICONS.pop, id(corpus), None)
    return found


def _store(corpus: Corpus) -> Store | None:
    """Where a large corpus keeps its phrases. Nothing here may hold the corpus, with which the lexicon is dropped."""
    if not isinstance(corpus.documents, Rows):
        return None
    parameters = {"version": VERSION, "entities": corpus.manifest.sha256["entities.jsonl"]}
    return partial(index_folder, corpus.path, corpus.manifest, "phrases", parameters)
