"""2WikiMultihopQA's JSON (Ho et al., COLING 2020, arXiv 2011.01060): HotpotQA's shape plus evidence triples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from berrypick.corpora.loaders import hotpotqa, rows
from berrypick.corpora.loaders.hotpotqa import Fact
from berrypick.corpora.loaders.pool import Pool, collapse, squeeze
from berrypick.corpora.store import Draft
from berrypick.records import Hop

Triple = tuple[str, str, str]
_IN_PARENTHESES = re.compile(r"\s*\([^()]*\)\s*$")


class TwoWikiRow(hotpotqa.HotpotQARow):
    """One question. ``evidences`` holds (subject, relation, object)."""

    evidences: list[Triple] = msgspec.field(default_factory=list)


def load(path: Path) -> Draft:
    """Read a 2WikiMultihopQA file.

    A hop is an evidence triple with the supporting fact that it aligns with; where triples and facts do not align one
    to one, hops are supporting paragraphs, as in HotpotQA, and ``notes["questions_without_triples"]`` counts them.

    Raises:
        BadInput: as ``hotpotqa.load``.
    """
    pool, questions = Pool(), rows.Questions(id="_id")
    notes = {"facts_without_sentence": 0, "questions_without_triples": 0}
    for number, row, facts in hotpotqa.pooled(path, TwoWikiRow, pool, notes):
        hops = align(row.evidences, facts)
        notes["questions_without_triples"] += not hops
        questions.add(hotpotqa.question(row, hops or hotpotqa.by_paragraph(facts)), path, row=number)
    notes["repeated_questions"] = questions.repeated
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def align(triples: Sequence[Triple], facts: Sequence[Fact]) -> tuple[Hop, ...]:
    """One hop per triple: the fact whose paragraph is titled by its subject, else the next that is left.

    Returns nothing where the numbers of triples and facts differ.
    """
    if len(triples) != len(facts):
        return ()
    left = list(facts)
    chosen: list[Fact | None] = []
    for subject, _, _ in triples:
        match = next((fact for fact in left if _name(fact.title) == _name(subject)), None)
        if match:
            left.remove(match)
        chosen.append(match)
    return tuple(
        Hop(
            subject=collapse(subject),
            relation=collapse(relation),
            object=collapse(object),
            attestations=((match or left.pop(0)).place,),
        )
        for (subject, relation, object), match in zip(triples, chosen, strict=True)
    )


def _name(title: str) -> str:
    return squeeze(_IN_PARENTHESES.sub("", title)) or squeeze(title)
