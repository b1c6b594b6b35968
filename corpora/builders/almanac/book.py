"""A world written down: its documents, and where each fact is stated."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from berrypick.records import Attestation, Document

#: (subject, relation, object) by full names or literal -> where it is stated.
Places = dict[tuple[str, str, str], list[Attestation]]


@dataclass
class Book:
    """The documents of a world and where each fact is stated."""

    documents: dict[str, Document] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: defaultdict(list))

    def add(self, document: Document, stated: dict[int, tuple[str, str, str]]) -> None:
        """Add a document; ``stated`` maps a sentence index to the fact it states."""
        self.documents[document.id] = document
        for sentence, key in sorted(stated.items()):
            self.places[key].append(Attestation(document.id, sentence, document.genre))

    def names(self, place: Attestation, byname: str) -> bool:
        """Whether the attesting sentence uses this byname."""
        sentence = self.documents[place.document].sentences[place.sentence or 0]
        return byname.casefold() in sentence.casefold()


@dataclass
class Shelf:
    """Where a book stands: what tells its pages from those of the books before it on the same shelf.

    Attributes:
        prefix: of the pages' ids.
        numbers: title of a list or an event -> how many pages bear it so far.
        registers: how many byname registers there are so far.
    """

    prefix: str = ""
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    registers: int = 0
