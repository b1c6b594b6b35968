"""Other accepted spellings of an answer: what the field's own text gives, and plain letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from berrypick.corpora.builders.factbook.facts import Fact
from berrypick.corpora.builders.factbook.names import VARIANTS, fold, unaccented
from berrypick.corpora.builders.factbook.readers import first_name, surname
from berrypick.corpora.builders.factbook.source import Entry
from berrypick.text import normalise


def country_answers(entry: Entry) -> tuple[str, ...]:
    """A country as an answer: its short name, its long form and every variant that the Factbook writes."""
    written = (
        variant for variant, name in VARIANTS.items() if name == entry.name and variant not in ("Congo", "Bosnia")
    )
    return _distinct((entry.name, entry.long, *written))


def fact_answers(fact: Fact) -> tuple[str, ...]:
    """The object of a fact as an answer, canonical spelling first."""
    return _distinct((fact.object, *_others(fact)))


def _others(fact: Fact) -> Iterator[str]:
    brackets = re.findall(r"\(([^()]+)\)", fact.value)
    match fact.relation:
        case "capital" | "highest_point":
            parts = (part for text in brackets for part in re.split(r"[/,]| or |aka ", text))
            yield from (name for part in parts for name in _proper(part))
            if fact.relation == "capital":
                yield re.split(r"[;(]", fact.value)[0].strip()
        case "currency":
            yield from (code for text in brackets for code in text.split("/"))
            yield re.sub(r"(?<=[a-z])(?<!ai)(?<!ale)s$", "", fact.object)
        case "anthem":
            yield from (text for text in brackets[:1] if text[0].isupper())
        case "independence_year":
            yield fact.value.partition(" (")[0]
        case "chief_of_state" | "head_of_government":
            yield from surname(fact.value)
            yield re.sub(r" \"[^\"]*\"", "", fact.object)


def _proper(text: str) -> list[str]:
    """A name in brackets; remarks such as "on Viti Levu" or "highest point in Africa" are none."""
    name = text.strip()
    return first_name(name) if all(word[0].isupper() for word in name.split()) else []


def _distinct(spellings: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for spelling in spellings:
        for name in (spelling, unaccented(spelling)):
            if normalise(name):
                kept.setdefault(normalise(name), name)
    return tuple(kept.values())


def leaks(question: str, answers: Sequence[str]) -> bool:
    """Whether a question shows one of its answers."""
    shown = fold(question)
    return any(re.search(rf"(?<!\w){re.escape(fold(answer))}(?!\w)", shown) for answer in answers)
