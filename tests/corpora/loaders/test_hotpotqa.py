"""HotpotQA files."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from berrypick.corpora.loaders.hotpotqa import load
from berrypick.errors import BadInput
from berrypick.records import Attestation

ROWS = [
    {
        "_id": "q1",
        "question": "Which band has the  drummer of Counterparts?",
        "answer": "Rush",
        "type": "bridge",
        "level": "hard",
        "supporting_facts": [["Nobody's Hero", 0], ["Neil Peart", 1], ["Neil Peart", 0]],
        "context": [
            ["Neil Peart", ["Neil Peart is a drummer.", " He joined Rush.", ""]],
            ["Nobody's Hero", ["Nobody's Hero is on Counterparts."]],
        ],
    },
    {
        "_id": "q2",
        "question": "Are both drummers?",
        "answer": "yes",
        "type": "comparison",
        "supporting_facts": [["Neil Peart", 0], ["Rush", 4]],
        # The same paragraph, split and spaced in another way; and another Rush.
        "context": [["Neil Peart", ["Neil Peart is a drummer. He joined Rush."]], ["Rush", ["A film."]]],
    },
]


def written(path: Path, rows: object) -> Path:
    file = path / "hotpot.json"
    file.write_text(json.dumps(rows))
    return file


def test_paragraphs_are_pooled_and_facts_become_hops(tmp_path):
    draft = load(written(tmp_path, ROWS))
    peart, hero, rush = draft.documents
    assert (peart.title, peart.sentences) == ("Neil Peart", ("Neil Peart is a drummer.", "He joined Rush."))
    assert (hero.title, rush.title) == ("Nobody's Hero", "Rush")
    assert peart.links == ("Rush",)
    first, second = draft.questions
    assert (first.text, first.family, first.answers) == (
        "Which band has the drummer of Counterparts?",
        "bridge",
        ("Rush",),
    )
    assert [hop.attestations for hop in first.gold] == [
        (Attestation(hero.id, 0),),
        (Attestation(peart.id, 1), Attestation(peart.id, 0)),
    ]
    assert second.answers == ("yes",)
    # The whole paragraph is one sentence there and two here: the page stands for it. Rush has no fifth sentence.
    assert [hop.attestations for hop in second.gold] == [(Attestation(peart.id, None),), (Attestation(rush.id, None),)]
    assert draft.notes == {"facts_without_sentence": 2, "repeated_questions": 0}


def broken(change):
    rows = copy.deepcopy(ROWS)
    change(rows)
    return rows


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        (broken(lambda rows: rows[1].pop("answer")), "[1]"),
        (broken(lambda rows: rows[1].update(answer=None)), "[1].answer"),
        (broken(lambda rows: rows[0]["supporting_facts"].append(["Neil Peart"])), "[0].supporting_facts[3]"),
        (broken(lambda rows: rows[0]["supporting_facts"].append(["Neil Peart", "0"])), "[0].supporting_facts[3][1]"),
        (broken(lambda rows: rows[0]["context"][1].__setitem__(1, "text")), "[0].context[1][1]"),
        (broken(lambda rows: rows[1]["supporting_facts"].append(["Geddy Lee", 0])), "[1].supporting_facts[2]"),
        (broken(lambda rows: rows[1].update(supporting_facts=[])), "[1].supporting_facts"),
        ({"data": ROWS}, None),
        ([], None),
    ],
)
def test_malformed_rows_are_named_by_their_place_in_the_list(tmp_path, rows, field):
    file = written(tmp_path, rows)
    with pytest.raises(BadInput) as caught:
        load(file)
    assert (caught.value.file, caught.value.field) == (file, field)


def test_a_truncated_file(tmp_path):
    file = tmp_path / "hotpot.json"
    file.write_text(json.dumps(ROWS)[:-30])
    with pytest.raises(BadInput, match="not valid JSON"):
        load(file)
