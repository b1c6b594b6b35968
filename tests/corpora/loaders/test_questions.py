"""Questions that nobody could ask, score or tell apart are refused by the row of the user's own file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from berrypick.corpora.loaders import LOADERS
from berrypick.errors import BadInput

FORMATS = Path(__file__).resolve().parents[2] / "data" / "formats"
#: format -> file of the questions, and what it calls id, text and answers
NAMES = {
    "beir": ("queries.jsonl", "_id", "text", "answers"),
    "search_r1": ("test.jsonl", "id", "question", "golden_answers"),
    "hotpotqa": ("", "_id", "question", "answer"),
    "2wiki": ("", "_id", "question", "answer"),
    "musique": ("", "id", "question", "answer"),
    "phantomwiki": ("questions.json", "id", "question", "answer"),
}


def test_every_format_is_tried():
    assert set(NAMES) == set(LOADERS)


FAULTS = ("twice", "blank id", "tab in id", "blank text", "blank answer")


@pytest.mark.parametrize(
    ("format", "fault"),
    # No line of BEIR's judgements can name such an id, so its question is left out as unjudged.
    [(format, fault) for format in LOADERS for fault in FAULTS if (format, fault[-2:]) != ("beir", "id")],
)
def test_a_useless_question_is_named(format: str, fault: str, tmp_path: Path):
    inside, id, text, answers = NAMES[format]
    sample = next(path for path in FORMATS.iterdir() if path.stem == format)
    source = tmp_path / sample.name
    (shutil.copytree if sample.is_dir() else shutil.copyfile)(sample, source)
    file = source / inside
    listed = file.suffix == ".json"
    rows = json.loads(file.read_text()) if listed else list(map(json.loads, file.read_text().splitlines()))
    many = format in ("beir", "search_r1", "phantomwiki")
    field, change = {
        "twice": (id, {text: "another?", "question": "another?"}),
        # Search-R1's ids begin with the file's name and so are never blank.
        "blank id": (id, {id: "\n" if format == "search_r1" else " "}),
        "tab in id": (id, {id: "a\tb"}),
        "blank text": (text, {text: " ", "question": " "}),
        "blank answer": (answers, {answers: ["x", ""] if many else " "}),
    }[fault]
    number = len(rows) if fault == "twice" else 0
    rows[number : number + 1] = [rows[0] | change]
    file.write_text(json.dumps(rows) if listed else "\n".join(map(json.dumps, rows)))
    with pytest.raises(BadInput) as caught:
        LOADERS[format](source)
    expected = (file, None, f"[{number}].{field}") if listed else (file, number + 1, field)
    assert (caught.value.file, caught.value.line, caught.value.field) == expected


@pytest.mark.parametrize("format", LOADERS)
def test_a_row_that_repeats_is_one_question_and_counted(format: str, tmp_path: Path):
    inside, *_ = NAMES[format]
    sample = next(path for path in FORMATS.iterdir() if path.stem == format)
    source = tmp_path / sample.name
    (shutil.copytree if sample.is_dir() else shutil.copyfile)(sample, source)
    file = source / inside
    listed = file.suffix == ".json"
    rows = json.loads(file.read_text()) if listed else list(map(json.loads, file.read_text().splitlines()))
    once = LOADERS[format](source)
    file.write_text(json.dumps([*rows, rows[0]]) if listed else "\n".join(map(json.dumps, [*rows, rows[0]])))
    twice = LOADERS[format](source)
    assert twice.questions == once.questions
    assert (once.notes["repeated_questions"], twice.notes["repeated_questions"]) == (0, 1)
