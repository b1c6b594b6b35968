"""Whether documents and questions fit together, before they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from berrypick.errors import BadInput
from berrypick.records import Document, Question


def check(documents: Sequence[Document], questions: Sequence[Question], place: Path) -> None:
    """Raise BadInput where ids or titles repeat, or a question names a document or sentence that is not there."""
    if not documents:
        raise BadInput("a corpus needs at least one document", file=place / "documents.jsonl")
    sizes: dict[str, int] = {}
    titles: set[str] = set()
    for line, document in enumerate(documents, 1):
        if document.id in sizes:
            raise BadInput(
                f"document id {document.id!r} appears twice", file=place / "documents.jsonl", line=line, field="id"
            )
        if document.title.casefold() in titles:
            raise BadInput(
                f"title {document.title!r} appears twice", file=place / "documents.jsonl", line=line, field="title"
            )
        sizes[document.id] = len(document.sentences)
        titles.add(document.title.casefold())
    seen: set[str] = set()
    for line, question in enumerate(questions, 1):
        if question.id in seen:
            raise BadInput(
                f"question id {question.id!r} appears twice", file=place / "questions.jsonl", line=line, field="id"
            )
        seen.add(question.id)
        _check_places(question, sizes, place / "questions.jsonl", line)


def _check_places(question: Question, sizes: dict[str, int], file: Path, line: int) -> None:
    for spot in question.gold_places():
        if spot.document not in sizes:
            raise BadInput(f"gold document {spot.document!r} is not in the corpus", file=file, line=line, field="gold")
        if spot.sentence is not None and not 0 <= spot.sentence < sizes[spot.document]:
            raise BadInput(f"{spot.document!r} has no sentence {spot.sentence}", file=file, line=line, field="gold")
