"""MuSiQue files: the decomposition becomes the plan."""

from __future__ import annotations

import json

import pytest

from berrypick.corpora.loaders.musique import load
from berrypick.errors import BadInput
from berrypick.records import Attestation

ROW = {
    "id": "3hop1__1_2_3",
    "question": "Who led the country of the composer of the piece?",
    "answer": "Karl Renner",
    "answer_aliases": ["Renner", "Karl Renner"],
    "answerable": True,
    "paragraphs": [
        {"idx": 0, "title": "Piece", "paragraph_text": "A piece by Strauss. It is old.", "is_supporting": True},
        {"idx": 1, "title": "Piece", "paragraph_text": "Another piece.", "is_supporting": False},
        {"idx": 2, "title": "Strauss", "paragraph_text": "Strauss was Austrian.", "is_supporting": True},
        {"idx": 3, "title": "Austria", "paragraph_text": "Renner led it.", "is_supporting": True},
    ],
    "question_decomposition": [
        {"id": 1, "question": "Piece >> composer", "answer": "Strauss", "paragraph_support_idx": 0},
        {"id": 2, "question": "#1 >> country", "answer": "Austria", "paragraph_support_idx": 2},
        {"id": 3, "question": "who led #2 ?", "answer": "Karl Renner", "paragraph_support_idx": 3},
    ],
}


def loaded(path, *rows):
    file = path / "musique.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return load(file)


def test_the_parts_are_the_hops_in_order(tmp_path):
    draft = loaded(tmp_path, ROW)
    assert [page.title for page in draft.documents] == ["Piece", "Piece (2)", "Strauss", "Austria"]
    (question,) = draft.questions
    assert (question.family, question.answers) == ("3hop1", ("Karl Renner", "Renner"))
    assert [(hop.subject, hop.relation, hop.object) for hop in question.gold] == [
        ("Piece", "composer", "Strauss"),
        ("Strauss", "country", "Austria"),
        ("", "", "Karl Renner"),
    ]
    ids = [page.id for page in draft.documents]
    assert question.gold_places() == (Attestation(ids[0], None), Attestation(ids[2], None), Attestation(ids[3], None))


def test_unanswerable_questions_are_counted_and_their_paragraphs_kept(tmp_path):
    draft = loaded(tmp_path, ROW | {"answerable": False})
    assert (len(draft.documents), draft.questions, draft.notes) == (4, [], {"unanswerable": 1, "repeated_questions": 0})


PARTS = ROW["question_decomposition"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"paragraphs": [{"idx": "0", "title": "x", "paragraph_text": ""}]}, "paragraphs[0].idx"),
        ({"answer": 35}, "answer"),
        ({"question_decomposition": []}, "question_decomposition"),
        (
            {"question_decomposition": [PARTS[0] | {"paragraph_support_idx": None}]},
            "question_decomposition[0].paragraph_support_idx",
        ),
        (
            {"question_decomposition": [PARTS[0], PARTS[1] | {"paragraph_support_idx": 9}]},
            "question_decomposition[1].paragraph_support_idx",
        ),
        ({"question_decomposition": [PARTS[1]]}, "question_decomposition[0].question"),
    ],
)
def test_malformed_rows_are_named_by_line_and_field(tmp_path, change, field):
    with pytest.raises(BadInput) as caught:
        loaded(tmp_path, ROW, ROW | {"id": "2hop__x"} | change)
    assert (caught.value.line, caught.value.field) == (2, field)
