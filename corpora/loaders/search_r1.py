"""Search-R1's files (Jin et al., 2025, arXiv 2503.09516): a corpus of ``contents`` and questions without evidence."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from berrypick import io
from berrypick.corpora.loaders import rows
from berrypick.corpora.loaders.pool import Pool, collapse
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput
from berrypick.records import Question
from berrypick.text import sentences


class Passage(msgspec.Struct):
    """One row of the corpus: ``contents`` is the quoted title, a newline, the text."""

    id: str | int
    contents: str


class Message(msgspec.Struct):
    """One message of a verl prompt."""

    content: str


class GroundTruth(msgspec.Struct):
    """What verl's reward compares with."""

    target: list[str] | str


class RewardModel(msgspec.Struct):
    """verl's reward model."""

    ground_truth: GroundTruth


class Row(msgspec.Struct):
    """A question: ``question`` + ``golden_answers``, or verl's ``prompt`` + ``reward_model``."""

    id: str | int | None = None
    question: str | None = None
    golden_answers: list[str] | None = None
    prompt: list[Message] | None = None
    reward_model: RewardModel | None = None
    data_source: str | None = None


def load(path: Path) -> Draft:
    """Read a folder: ``corpus.jsonl`` and every other .jsonl or .parquet file in it as questions.

    A question file whose name starts with train or dev gives that split, any other test. The format names no evidence,
    so the questions have no gold plan: the audit keeps them, and grounded scores do not apply.

    Raises:
        BadInput: a row does not fit, an id repeats, the corpus or the questions are missing, or pyarrow is.
    """
    corpus = rows.need(path / "corpus.jsonl", "Search-R1 passages (id, contents)")
    pool, seen = Pool(), set()
    for line, passage in rows.lines(corpus, Passage):
        id = str(passage.id)
        if id in seen:
            raise BadInput(f"id {id!r} appears twice", file=corpus, line=line, field="id")
        seen.add(id)
        title, _, text = passage.contents.partition("\n")
        pool.add(title.strip().strip('"'), sentences(collapse(text)), id)
    asked = [file for file in sorted(path.iterdir()) if file.suffix in (".jsonl", ".parquet") and file != corpus]
    if not asked:
        raise BadInput("holds no questions; expected .jsonl or .parquet files beside corpus.jsonl", file=path)
    questions = rows.Questions(answers="golden_answers")
    for file in asked:
        for line, row in _rows(file):
            questions.add(_question(row, file, line), file, line=line)
    return Draft(documents=pool.finished(), questions=questions.kept)


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    if file.suffix == ".jsonl":
        yield from rows.lines(file, Row)
        return
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadInput(
            "reading parquet needs pyarrow: pip install pyarrow, or convert it to .jsonl", file=file
        ) from error
    try:
        table = parquet.read_table(file)
    except (ValueError, OSError) as error:  # pyarrow.ArrowInvalid; OSError for a broken footer
        raise BadInput(f"is not a parquet file: {error}", file=file) from error
    decoder = msgspec.json.Decoder(Row)
    for number, row in enumerate(table.to_pylist(), 1):
        yield number, io.decode(msgspec.json.encode(row), decoder, file, number)


def _question(row: Row, file: Path, number: int) -> Question:
    text = row.question
    if text is None and row.prompt:
        # Search-R1's template ends with "Question: ..."; a prompt without it is the question.
        text = row.prompt[-1].content.rpartition("Question:")[2]
    if not text or not text.strip():
        raise BadInput("has neither question nor prompt", file=file, line=number, field="question")
    answers = row.golden_answers
    if answers is None and row.reward_model:
        target = row.reward_model.ground_truth.target
        answers = [target] if isinstance(target, str) else target
    if not answers:
        reason = "has neither golden_answers nor reward_model.ground_truth.target"
        raise BadInput(reason, file=file, line=number, field="golden_answers")
    split = next((name for name in ("train", "dev") if file.stem.startswith(name)), "test")
    id = f"{file.stem}-{number - 1 if row.id is None else row.id}"
    family = row.data_source or "qa"
    return Question(
        id=id, text=collapse(text), family=family, answers=tuple(dict.fromkeys(answers)), gold=(), split=split
    )
