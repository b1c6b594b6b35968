"""Untrusted rows: decoded strictly in type, tolerant of keys that berrypick does not use."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from berrypick import io
from berrypick.errors import BadInput
from berrypick.records import Question

Row = TypeVar("Row")

_BOM = b"\xef\xbb\xbf"
_SPLITS = {"train": "train", "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev", "test": "test"}


def split_of(stem: str) -> str:
    """Return the split that a file name spells ("nq_train", "validation"), "test" where it spells none."""
    words = re.findall("[a-z]+", stem.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), "test")


def need(path: Path, what: str) -> Path:
    """Return ``path`` where it is a file, else raise BadInput saying what should lie there."""
    if not path.is_file():
        raise BadInput(f"{'is a folder' if path.is_dir() else 'no such file'}; expected {what}", file=path)
    return path


def lines(path: Path, kind: type[Row]) -> Iterator[tuple[int, Row]]:
    """Yield (1-based line number, row) of a JSON lines file; blank lines are skipped, ``.gz`` files are unpacked.

    Raises:
        BadInput: a row is not JSON or does not fit ``kind``; file, line and field are named. Or there is no row.
    """
    decoder = msgspec.json.Decoder(kind)
    empty = True
    for number, line in raw_lines(path):
        if line.strip():
            empty = False
            yield number, io.decode(line, decoder, path, number)
    if empty:
        raise BadInput("holds no row", file=path)


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based line number, line) of a plain or ``.gz`` file, without a byte order mark.

    Raises:
        BadInput: the ``.gz`` file is damaged or ends early.
    """
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        numbered = enumerate(file, 1)
        while True:
            try:
                number, line = next(numbered)
            except StopIteration:
                return
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise BadInput(f"expected a whole gzip file, found a damaged one: {error}", file=path) from error
            yield number, line.removeprefix(_BOM) if number == 1 else line


def listed(path: Path, kind: type[Row]) -> list[Row]:
    """Decode one JSON list of rows.

    Raises:
        BadInput: not JSON, not a list, or a row does not fit ``kind``; the field is "[row].name", rows counted from 0.
    """
    rows: list[Row] = io.decode(path.read_bytes().removeprefix(_BOM), msgspec.json.Decoder(list[kind]), path)  # type: ignore[valid-type]
    if not rows:
        raise BadInput("holds no row", file=path)
    return rows


class Questions:
    """Collects a source's questions, refusing what nobody could ask, score or tell apart; the row is named.

    A question that repeats an earlier one in every field is left out and counted in ``repeated``,
    which loaders put into ``notes["repeated_questions"]``.

    Args:
        id: what the format calls a question's id.
        text: what it calls the question.
        answers: what it calls the answers.
    """

    def __init__(self, id: str = "id", text: str = "question", answers: str = "answer") -> None:
        self.kept: list[Question] = []
        self.repeated = 0
        self._seen: dict[str, Question] = {}
        self._id, self._text, self._answers = id, text, answers

    def add(self, question: Question, file: Path, *, line: int | None = None, row: int | None = None) -> None:
        """Add a question that stands in a line, or in a row of a list counted from 0.

        Raises:
            BadInput: its id repeats with other contents, is blank or holds a tab or line break; its text or an
                answer is blank.
        """
        if self._seen.get(question.id) == question:
            self.repeated += 1
            return
        reason, field = self._fault(question)
        if reason:
            raise BadInput(reason, file=file, line=line, field=field if row is None else f"[{row}].{field}")
        self._seen[question.id] = question
        self.kept.append(question)

    def _fault(self, question: Question) -> tuple[str, str]:
        if question.id in self._seen:
            return f"question id {question.id!r} appears twice", self._id
        # Ids are cells of qrels.tsv.
        if not question.id.strip() or any(mark in question.id for mark in "\t\r\n"):
            return f"{question.id!r} is no id: it is blank, or holds a tab or line break", self._id
        if not question.text.strip():
            return "has no question", self._text
        if not all(answer.strip() for answer in question.answers):
            return "has a blank answer", self._answers
        return "", ""
