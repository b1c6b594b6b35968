"""HotpotQA's JSON (Yang et al., EMNLP 2018, arXiv 1809.09600): a list of questions with their own paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Attestation, Hop, Question


class HotpotQARow(msgspec.Struct):
    """One question. ``context`` holds (title, sentences), ``supporting_facts`` (title, sentence number)."""

    question: str
    answer: str
    context: list[tuple[str, list[str]]]
    supporting_facts: list[tuple[str, int]]
    id: str = msgspec.field(name="_id")
    type: str = "bridge"


class Fact(msgspec.Struct):
    """One supporting fact that was found in the pool."""

    title: str
    place: Attestation


AnyRow = TypeVar("AnyRow", bound=HotpotQARow)


def load(path: Path) -> Draft:
    """Read a HotpotQA file (distractor setting).

    A hop is a supporting paragraph, in the order of ``supporting_facts``; its supporting sentences are the places that
    attest it. ``notes["facts_without_sentence"]`` counts supporting facts whose sentence number is past the end,
    ``notes["repeated_questions"]`` rows that repeat an earlier one.

    Raises:
        BadInput: a row does not fit, or a supporting fact names a paragraph that is not in the row's context.
    """
    pool, notes, questions = Pool(), {"facts_without_sentence": 0}, rows.Questions(id="_id")
    for number, row, facts in pooled(path, HotpotQARow, pool, notes):
        questions.add(question(row, by_paragraph(facts)), path, row=number)
    notes["repeated_questions"] = questions.repeated
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def pooled(path: Path, kind: type[AnyRow], pool: Pool, notes: dict[str, int]) -> list[tuple[int, AnyRow, list[Fact]]]:
    """Put every row's paragraphs into the pool and find its supporting facts: (row number, row, facts)."""
    found = []
    for number, row in enumerate(rows.listed(rows.need(path, "a JSON list of questions"), kind)):
        ids = {collapse(title): pool.add(title, sentences) for title, sentences in row.context}
        texts = {collapse(title): sentences for title, sentences in row.context}
        facts = []
        for position, (title, sentence) in enumerate(row.supporting_facts):
            title = collapse(title)
            if title not in ids:
                field = f"[{number}].supporting_facts[{position}]"
                raise BadInput(
                    f"{title!r} is not a paragraph of the context (use the distractor files)", file=path, field=field
                )
            inside = 0 <= sentence < len(texts[title])
            place = pool.place(ids[title], texts[title][sentence] if inside else None)
            notes["facts_without_sentence"] += place.sentence is None
            facts.append(Fact(title, place))
        if not facts:
            raise BadInput("names no supporting fact", file=path, field=f"[{number}].supporting_facts")
        found.append((number, row, facts))
    return found


def by_paragraph(facts: Sequence[Fact]) -> tuple[Hop, ...]:
    """One hop per supporting paragraph, in order of first mention."""
    places: dict[str, dict[Attestation, None]] = {}
    for fact in facts:
        places.setdefault(fact.place.document, {})[fact.place] = None
    return tuple(Hop(subject="", relation="", object="", attestations=tuple(group)) for group in places.values())


def question(row: HotpotQARow, hops: tuple[Hop, ...]) -> Question:
    """The record of one row."""
    return Question(id=row.id, text=collapse(row.question), family=row.type, answers=(row.answer,), gold=hops)
