"""Passages of many questions pooled into one corpus: each kept once, under a title of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from berrypick.corpora.answerability.mentions import Mentions
from berrypick.records import Attestation, Document

_SPACE_AND_MARKS = re.compile(r"[\W_]+")


def collapse(text: str) -> str:
    """Strip, and make every run of white space one blank."""
    return " ".join(text.split())


def squeeze(text: str) -> str:
    """What two copies of one passage share although white space, case or punctuation differ."""
    return _SPACE_AND_MARKS.sub("", text.casefold())


class Pool:
    """Collects passages in order of first appearance.

    Two passages are the same if title and text agree up to white space, case and punctuation: sources that pool
    several copies of a dump differ in just that. Equal titles over different texts become "Title", "Title (2)", ...
    """

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self._known: dict[tuple[str, str], str] = {}
        self._titles: set[str] = set()

    def add(self, title: str, sentences: Iterable[str], id: str = "") -> str:
        """Add a passage and return its document id: that of the first copy, where there is one.

        Args:
            title: the source's title; "" takes the id for a title.
            sentences: empty ones are dropped.
            id: the source's id; "" numbers passages in order of appearance.
        """
        id = id or f"p{len(self.documents):07d}"
        title = collapse(title) or id
        kept = tuple(filter(None, map(collapse, sentences)))
        key = (squeeze(title) or title, squeeze(" ".join(kept)))
        if key not in self._known:
            self._known[key] = id
            self.documents[id] = Document(id=id, title=self._free(title), sentences=kept)
        return self._known[key]

    def place(self, document: str, sentence: str | None) -> Attestation:
        """Return the attestation of a sentence, of the whole document where the sentence is None or not found.

        Sentences are found by their words, not by number: the first copy of a passage may be split differently.
        """
        wanted = squeeze(sentence or "")
        for index, candidate in enumerate(self.documents[document].sentences if wanted else ()):
            if wanted == squeeze(candidate):
                return Attestation(document=document, sentence=index)
        return Attestation(document=document, sentence=None)

    def finished(self) -> list[Document]:
        """The documents, linked: a page links to every other page whose title stands in its text, written alike."""
        titles = Mentions((document.title for document in self.documents.values()), fold=False)
        return [
            msgspec.structs.replace(page, links=tuple(title for title in titles.find(page.text) if title != page.title))
            for page in self.documents.values()
        ]

    def _free(self, title: str) -> str:
        number, free = 1, title
        while free.casefold() in self._titles:
            number += 1
            free = f"{title} ({number})"
        self._titles.add(free.casefold())
        return free
