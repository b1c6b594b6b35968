"""What a country's own prose says beside its fields: the capital, and the year of independence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from berrypick.records import Attestation, Document


class Prose:
    """The sentences of each country's pages that speak of a capital or of independence.

    Args:
        documents: the passages; field listings have no prose.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._spots: dict[str, list[tuple[Document, int]]] = {}
        for document in documents:
            for number, sentence in enumerate(document.sentences):
                if re.search(r"capital|independen", sentence):
                    self._spots.setdefault(document.title.partition(": ")[0], []).append((document, number))

    def places(self, relation: str, subject: str, object_: str) -> Sequence[Attestation]:
        """Where the prose of ``subject`` states a fact; nothing for relations that no pattern reads."""
        says = _SAYS.get(relation)
        return [
            Attestation(page.id, number, page.genre)
            for page, number in (self._spots.get(subject, ()) if says else ())
            if says and says(page.sentences[number], object_)
        ]


def _says_capital(sentence: str, city: str) -> bool:
    name = re.escape(city)
    before = rf"\bcapital(?: city)?,? (?:of |in |at |is |to )?\(?{name}\b"
    return bool(re.search(rf"{before}|\b{name},? (?:is |became |as )?(?:the |its )?(?:new )?capital\b", sentence))


def _says_year(sentence: str, year: str) -> bool:
    return bool(re.search(rf"independen[^;]*\b{year}\b|\b{year}\b[^;]*independen", sentence))


_SAYS: Final[dict[str, Callable[[str, str], bool]]] = {"capital": _says_capital, "independence_year": _says_year}
