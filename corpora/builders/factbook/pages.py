"""Passages: the Factbook's fields, packed by topic into pages of at most ``PAGE_WORDS`` words, and field listings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from berrypick.corpora.builders.factbook.names import ABBREVIATIONS, canonical, unaccented
from berrypick.corpora.builders.factbook.relations import LISTING, sources
from berrypick.corpora.builders.factbook.source import Entry, Leaf
from berrypick.corpora.builders.factbook.topics import GENRES, topic_of
from berrypick.records import Document
from berrypick.text import sentences as split_sentences

PAGE_WORDS: Final = 200
#: A statement above this is cut at semicolons, sentence ends or commas into statements under the same label.
STATEMENT_WORDS: Final = 80
LISTING_GENRE: Final = "listing"


def documents(entries: Sequence[Entry]) -> list[Document]:
    """Every page of every entry, then the field listings, with their links."""
    listings, rows = _listings(entries)
    mention = _mention(entry.name for entry in entries)
    pages: list[Document] = []
    for entry in entries:
        own = list(_country_pages(entry))
        pages += [_linked(page, entry.name, [other.title for other in own], mention, rows) for page in own]
    return [*pages, *listings]


def statement(label: str, value: str) -> str:
    """One sentence of a page: "Capital - name: Vienna."."""
    return f"{label}: {value}" + ("" if value.endswith((".", "!", "?")) else ".")


def _country_pages(entry: Entry) -> Iterator[Document]:
    topics: dict[tuple[str, str], list[Leaf]] = {}
    for leaf in entry.leaves:
        topics.setdefault((leaf.section, topic_of(leaf)), []).append(leaf)
    for (section, topic), leaves in topics.items():
        name = f"{section} - {topic}" if topic else section
        parts = _packed([text for leaf in leaves for text in _statements(leaf)])
        for number, sentences in enumerate(parts, 1):
            first = section == "Introduction" and number == 1
            title = entry.name if first else f"{entry.name}: {name}" + (f" ({number})" if number > 1 else "")
            yield Document(f"{entry.code}-{_slug(name)}-{number}", title, tuple(sentences), GENRES[section])


def _statements(leaf: Leaf) -> list[str]:
    if leaf.section == "Introduction":
        return [piece for text in split_sentences(leaf.text) for piece in _cut(text)]
    return [statement(leaf.label, piece) for piece in _cut(leaf.text)]


def _cut(text: str) -> list[str]:
    """Cut a long value at the coarsest marks that make its pieces short enough, then join neighbours that fit."""
    if len(text.split()) <= STATEMENT_WORDS:
        return [text]
    for pieces, glue in ((split_sentences(text), " "), (text.split("; "), "; "), (text.split(", "), ", ")):
        if len(pieces) > 1:
            cut = [small for piece in pieces for small in _cut(piece)]
            return _joined(cut, glue)
    words = text.split()
    return [" ".join(words[at : at + STATEMENT_WORDS]) for at in range(0, len(words), STATEMENT_WORDS)]


def _joined(pieces: Iterable[str], glue: str) -> list[str]:
    whole: list[str] = []
    for piece in pieces:
        if whole and len(whole[-1].split()) + len(piece.split()) <= STATEMENT_WORDS:
            whole[-1] += glue + piece
        else:
            whole.append(piece)
    return whole


def _packed(statements: Iterable[str]) -> list[list[str]]:
    pages: list[list[str]] = []
    size = PAGE_WORDS + 1
    for text in statements:
        words = len(text.split())
        if size + words > PAGE_WORDS:
            pages.append([])
            size = 0
        pages[-1].append(text)
        size += words
    return pages


def _listings(entries: Sequence[Entry]) -> tuple[list[Document], dict[tuple[str, str], str]]:
    """The field listings, and (country, label) to the title of the first listing page that has its row."""
    pages: list[Document] = []
    rows: dict[tuple[str, str], str] = {}
    for listing, label in {source.listing: source.label for _, source in sources() if source.listing}.items():
        texts = [(entry.name, entry.texts[label]) for entry in entries if label in entry.texts]
        for number, sentences in enumerate(
            _packed(statement(name, cut) for name, text in texts for cut in _cut(text)), 1
        ):
            title = f"{LISTING}{listing} ({number})"
            countries = tuple(dict.fromkeys(row.partition(": ")[0] for row in sentences))
            for country in countries:
                rows.setdefault((country, label), title)
            pages.append(
                Document(f"listing-{_slug(listing)}-{number:02}", title, tuple(sentences), LISTING_GENRE, countries)
            )
    return pages, rows


def _linked(
    page: Document, country: str, own: Sequence[str], mention: re.Pattern[str], rows: dict[tuple[str, str], str]
) -> Document:
    """Link an overview to the country's other pages, any other page to the overview, and all to what they name."""
    home = [title for title in own if title != country] if page.title == country else [country]
    named = [canonical(match[0]) for match in mention.finditer(page.text)]
    listings = [rows.get((country, text.partition(": ")[0]), country) for text in page.sentences]
    links = dict.fromkeys(title for title in (*home, *named, *listings) if title != page.title)
    return msgspec.structs.replace(page, links=tuple(links))


def _mention(names: Iterable[str]) -> re.Pattern[str]:
    """Finds countries in running text, also under the commonest other spellings."""
    spellings = {*names, "Czech Republic", *ABBREVIATIONS.values(), "US"}
    longest_first = sorted(spellings, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", unaccented(text).lower()).strip("-")
