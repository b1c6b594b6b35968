"""Search-R1's files (Jin et al., 2025, arXiv 2503.09516): a corpus of ``contents`` and questions without evidence."""

from __future__ import annotations

import importlib
from collections import Counter
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
    """One row of the corpus: ``contents`` (the quoted title, a newline, the text), or ``title`` and ``text``."""

    id: str | int
    contents: str | None = None
    title: str | None = None
    text: str | None = None


Answer = str | int | float
Answers = list[Answer] | Answer
#: Names under which the passages are published.
_CORPORA = ("corpus.jsonl", "corpus.jsonl.gz", "wiki-18.jsonl", "wiki-18.jsonl.gz")


class Message(msgspec.Struct):
    """One message of a verl prompt."""

    content: str


class GroundTruth(msgspec.Struct):
    """What verl's reward compares with."""

    target: Answers


class RewardModel(msgspec.Struct):
    """verl's reward model."""

    ground_truth: GroundTruth | str


class SearchR1Row(msgspec.Struct):
    """A question: ``question`` + ``golden_answers``, or verl's ``prompt`` + ``reward_model``."""

    id: str | int | None = None
    question: str | None = None
    golden_answers: Answers | None = None
    prompt: list[Message] | None = None
    reward_model: RewardModel | None = None
    data_source: str | None = None


def load(path: Path) -> Draft:
    """Read a folder: passages (``corpus.jsonl`` or ``wiki-18.jsonl``, plain or .gz) and questions (.jsonl, .parquet).

    The name of a question file gives its split. Where one id stands under several ``data_source``, the source becomes
    part of every id of the file. ``notes["repeated_questions"]`` counts rows that repeat an earlier one. The format
    names no evidence, so the questions have no gold plan: the audit keeps them, and grounded scores do not apply.

    Raises:
        BadInput: a row does not fit, an id repeats, the corpus or the questions are missing, or pyarrow is.
    """
    present = [path / name for name in _CORPORA if (path / name).is_file()]
    corpus = present[0] if present else rows.need(path / _CORPORA[0], "Search-R1 passages (id, contents)")
    if len(present) > 1:
        raise BadInput(f"expected one file of passages, found also {present[1].name}", file=corpus)
    pool, seen = Pool(), set()
    for line, passage in rows.lines(corpus, Passage):
        id = str(passage.id)
        if id in seen:
            raise BadInput(f"id {id!r} appears twice", file=corpus, line=line, field="id")
        seen.add(id)
        title, text = _page(passage, corpus, line)
        pool.add(title, sentences(collapse(text)), id)
    asked = [file for file in sorted(path.iterdir()) if file.suffix in (".jsonl", ".parquet") and file != corpus]
    if not asked:
        raise BadInput("holds no questions; expected .jsonl or .parquet files beside corpus.jsonl", file=path)
    questions = rows.Questions(answers="golden_answers")
    for file in asked:
        numbered = list(_rows(file))
        # Merged sets number their questions anew for each source.
        sources = Counter(id for id, _ in {(row.id, row.data_source) for _, row in numbered if row.id is not None})
        merged = any(count > 1 for count in sources.values())
        for line, row in numbered:
            questions.add(_question(row, file, line, merged), file, line=line)
    notes = {"repeated_questions": questions.repeated}
    return Draft(documents=pool.finished(), questions=questions.kept, notes=notes)


def _page(passage: Passage, file: Path, line: int) -> tuple[str, str]:
    """Return title and text; the title is "" where the row has none."""
    if passage.contents is None:
        if passage.text is None:
            raise BadInput(
                "expected contents, or title and text, found neither", file=file, line=line, field="contents"
            )
        return _unquoted(passage.title or ""), passage.text
    head, newline, text = passage.contents.partition("\n")
    return (_unquoted(head), text) if newline else ("", head)


def _unquoted(title: str) -> str:
    """Strip one pair of quotes: a title may itself begin or end with one."""
    title = title.strip()
    return title[1:-1] if len(title) > 1 and title[0] == title[-1] == '"' else title


def _rows(file: Path) -> Iterator[tuple[int, SearchR1Row]]:
    if file.suffix == ".jsonl":
        yield from rows.lines(file, SearchR1Row)
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
    decoder = msgspec.json.Decoder(SearchR1Row)
    for number, row in enumerate(table.to_pylist(), 1):
        yield number, io.decode(msgspec.json.encode(row), decoder, file, number)


def _question(row: SearchR1Row, file: Path, number: int, merged: bool) -> Question:
    text = row.question
    if text is None and row.prompt:
        # Search-R1's template ends with "Question: ..."; a prompt without it is the question.
        text = row.prompt[-1].content.rpartition("Question:")[2]
    if not text or not text.strip():
        raise BadInput("has neither question nor prompt", file=file, line=number, field="question")
    answers = row.golden_answers
    if answers is None and row.reward_model:
        truth = row.reward_model.ground_truth
        answers = truth if isinstance(truth, str) else truth.target
    listed = [str(answer) for answer in (answers if isinstance(answers, list) else [answers]) if answer is not None]
    if not listed:
        reason = "has neither golden_answers nor reward_model.ground_truth.target"
        raise BadInput(reason, file=file, line=number, field="golden_answers")
    family = row.data_source or "qa"
    own = number - 1 if row.id is None else row.id
    id = f"{file.stem}-{family}-{own}" if merged else f"{file.stem}-{own}"
    split = rows.split_of(file.stem)
    return Question(
        id=id, text=collapse(text), family=family, answers=tuple(dict.fromkeys(listed)), gold=(), split=split
    )
