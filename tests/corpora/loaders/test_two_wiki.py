"""2WikiMultihopQA files: triples aligned with supporting facts."""

from __future__ import annotations

import json

import pytest

from berrypick.corpora.loaders.two_wiki import load
from berrypick.errors import BadInput
from berrypick.records import Attestation, Hop

CONTEXT = [
    ["Get Low (Snake song)", ["Get Low is a song by Dillon Francis."]],
    ["Dillon Francis", ["Dillon Francis is a DJ.", "He was born on October 5, 1987."]],
    ["Devotion", ["Devotion is a film."]],
]
ROW = {
    "_id": "q1",
    "type": "compositional",
    "question": "When was the performer of Get Low born?",
    "answer": "October 5, 1987",
    "context": CONTEXT,
    # In the other order than the triples: titles decide.
    "supporting_facts": [["Dillon Francis", 1], ["Get Low (Snake song)", 0]],
    "evidences": [["Get Low", "performer", "Dillon Francis"], ["Dillon Francis", "date of birth", "October 5, 1987"]],
}


def loaded(path, *rows):
    file = path / "2wiki.json"
    file.write_text(json.dumps(rows))
    return load(file)


def test_triples_become_hops_at_the_fact_of_their_subject(tmp_path):
    draft = loaded(tmp_path, ROW)
    song, dj, _ = draft.documents
    assert draft.questions[0].gold == (
        Hop("Get Low", "performer", "Dillon Francis", (Attestation(song.id, 0),)),
        Hop("Dillon Francis", "date of birth", "October 5, 1987", (Attestation(dj.id, 1),)),
    )
    assert draft.notes == {"facts_without_sentence": 0, "questions_without_triples": 0, "repeated_questions": 0}


def test_a_subject_without_a_title_takes_the_fact_that_is_left(tmp_path):
    evidences = [["That tune", "performer", "Dillon Francis"], ROW["evidences"][1]]
    draft = loaded(tmp_path, ROW | {"evidences": evidences})
    assert [hop.attestations[0].document for hop in draft.questions[0].gold] == [
        page.id for page in draft.documents[:2]
    ]


def test_without_as_many_triples_hops_are_paragraphs(tmp_path):
    draft = loaded(tmp_path, ROW | {"evidences": ROW["evidences"][:1]})
    assert [(hop.subject, hop.relation, hop.object) for hop in draft.questions[0].gold] == [("", "", "")] * 2
    assert draft.notes["questions_without_triples"] == 1


def test_a_sentence_number_past_the_end_leaves_the_page(tmp_path):
    facts = [["Dillon Francis", 6], ["Get Low (Snake song)", 0]]
    draft = loaded(tmp_path, ROW | {"supporting_facts": facts})
    assert draft.questions[0].gold[1].attestations == (Attestation(draft.documents[1].id, None),)
    assert draft.notes["facts_without_sentence"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"evidences": [["a", "b"]]}, "[1].evidences[0]"),
        ({"evidences": "none"}, "[1].evidences"),
        ({"supporting_facts": [["Nobody", 0]]}, "[1].supporting_facts[0]"),
    ],
)
def test_malformed_rows_are_named(tmp_path, change, field):
    with pytest.raises(BadInput) as caught:
        loaded(tmp_path, ROW, ROW | {"_id": "q2"} | change)
    assert caught.value.field == field
