"""MuSiQue's JSON lines (Trivedi et al., TACL 2022, arXiv 2108.00573): paragraphs and a decomposed question."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Hop, Question
from berrypick.text import sentences

_EARLIER = re.compile(r"#(\d+)")


class Paragraph(msgspec.Struct):
    """One paragraph of a question's context."""

    idx: int
    title: str
    paragraph_text: str


class Part(msgspec.Struct):
    """One single-hop question; "#1" in it stands for the answer of the first part."""

    question: str
    answer: str
    paragraph_support_idx: int | None = None


class MusiqueRow(msgspec.Struct):
    """One question."""

    id: str
    question: str
    answer: str
    paragraphs: list[Paragraph]
    question_decomposition: list[Part]
    answer_aliases: list[str] = msgspec.field(default_factory=list)
    answerable: bool = True


def load(path: Path) -> Draft:
    """Read a MuSiQue file.

    Hops are the parts of the decomposition, in order; the supporting paragraph attests one as a whole, for MuSiQue
    names no sentences. Questions marked unanswerable are left out and counted in ``notes["unanswerable"]``.

    Raises:
        BadInput: a row does not fit, or a part names a paragraph that is not there.
    """
    pool, questions, notes = Pool(), rows.Questions(), {"unanswerable": 0}
    for line, row in rows.lines(rows.need(path, "MuSiQue JSON lines"), MusiqueRow):
        ids = {p.idx: pool.add(p.title, sentences(collapse(p.paragraph_text))) for p in row.paragraphs}
        if not row.answerable:
            notes["unanswerable"] += 1
            continue
        if not row.question_decomposition:
            raise BadInput("has no part", file=path, line=line, field="question_decomposition")
        answers = tuple(dict.fromkeys([row.answer, *row.answer_aliases]))
        hops = _hops(row, ids, pool, path, line)
        family = row.id.partition("__")[0]
        question = Question(id=row.id, text=collapse(row.question), family=family, answers=answers, gold=hops)
        questions.add(question, path, line=line)
    notes["repeated_questions"] = questions.repeated
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def _hops(row: MusiqueRow, ids: dict[int, str], pool: Pool, path: Path, line: int) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    for position, part in enumerate(row.question_decomposition):
        field = f"question_decomposition[{position}]"
        if part.paragraph_support_idx not in ids:
            reason = f"no paragraph has idx {part.paragraph_support_idx}"
            raise BadInput(reason, file=path, line=line, field=f"{field}.paragraph_support_idx")
        asked = [int(number) for number in _EARLIER.findall(part.question)]
        if any(not 1 <= number <= position for number in asked):
            raise BadInput(
                "refers to a part that does not come before it", file=path, line=line, field=f"{field}.question"
            )
        text = _EARLIER.sub(lambda match: hops[int(match[1]) - 1].object, collapse(part.question))
        # Parts from a knowledge graph read "subject >> relation"; in the others the subject is not marked.
        subject, arrow, relation = text.partition(">>")
        hops.append(
            Hop(
                subject=subject.strip() if arrow else "",
                relation=relation.strip(),
                object=collapse(part.answer),
                attestations=(pool.place(ids[part.paragraph_support_idx], None),),
            )
        )
    return tuple(hops)
