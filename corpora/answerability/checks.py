"""Whether documents and questions fit together, before they are stored."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from berrypick.corpora.lazy_jsonl import digest
from berrypick.errors import BadInput
from berrypick.records import Document, Question


class Checks:
    """Checks a corpus part by part; of the parts before it keeps the ids of questions and 8 bytes a title.

    Args:
        place: the folder that messages name.
    """

    def __init__(self, place: Path) -> None:
        self._documents, self._questions = place / "documents.jsonl", place / "questions.jsonl"
        self._titles = array("Q")
        self._last = ""
        self._asked: set[str] = set()

    def part(self, documents: Sequence[Document], questions: Sequence[Question]) -> None:
        """Check the next part: documents in order of id, and questions that rest on them.

        Raises:
            BadInput: ids are out of order or repeat, or a question names a document or sentence that is not there.
        """
        sizes: dict[str, int] = {}
        for line, document in enumerate(documents, len(self._titles) + 1):
            if self._titles and document.id <= self._last:
                late = f"comes after {self._last!r}; parts must be in order of id"
                problem = "appears twice" if document.id == self._last else late
                raise BadInput(f"document id {document.id!r} {problem}", file=self._documents, line=line, field="id")
            sizes[document.id] = len(document.sentences)
            self._titles.append(digest(document.title.casefold()))
            self._last = document.id
        for line, question in enumerate(questions, len(self._asked) + 1):
            if question.id in self._asked:
                raise BadInput(
                    f"question id {question.id!r} appears twice", file=self._questions, line=line, field="id"
                )
            self._asked.add(question.id)
            _check_places(question, sizes, self._questions, line)

    def end(self, documents: Iterable[Document]) -> None:
        """Check the whole, once every part was seen.

        Args:
            documents: all of them once more, read only where titles seem to repeat.

        Raises:
            BadInput: there is no document, or a title repeats.
        """
        if not self._titles:
            raise BadInput("a corpus needs at least one document", file=self._documents)
        hashes, counts = np.unique(np.frombuffer(self._titles, dtype=np.uint64), return_counts=True)
        suspects = set(hashes[counts > 1].tolist())
        seen: set[str] = set()
        for line, document in enumerate(documents if suspects else (), 1):
            title = document.title.casefold()
            if title in seen:
                raise BadInput(
                    f"title {document.title!r} appears twice", file=self._documents, line=line, field="title"
                )
            if digest(title) in suspects:
                seen.add(title)


def _check_places(question: Question, sizes: dict[str, int], file: Path, line: int) -> None:
    for spot in question.gold_places():
        if spot.document not in sizes:
            raise BadInput(f"gold document {spot.document!r} is not in the corpus", file=file, line=line, field="gold")
        if spot.sentence is not None and not 0 <= spot.sentence < sizes[spot.document]:
            raise BadInput(f"{spot.document!r} has no sentence {spot.sentence}", file=file, line=line, field="gold")
