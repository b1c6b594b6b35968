"""BEIR folders, with and without answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berrypick.corpora.loaders.beir import load
from berrypick.errors import BadInput
from berrypick.records import Attestation

CORPUS = [
    {"_id": "d1", "title": "Wings", "text": "A wing lifts. It is thin.", "metadata": {"url": "x"}},
    {"_id": "d2", "title": "", "text": ""},
    {"_id": "d3", "title": "Wings", "text": "Another text."},
    {"_id": "d4", "title": "wings", "text": "A wing lifts; it is thin."},
]
PLAIN = [{"_id": "1", "text": "what lifts"}, {"_id": "2", "text": "nobody judged this"}]
QRELS = "query-id\tcorpus-id\tscore\n1\td1\t2\n1\td3\t0\n1\td4\t1\n"


def folder(path: Path, corpus=CORPUS, queries=PLAIN, qrels: str | dict[str, str] = QRELS) -> Path:
    (path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    if isinstance(qrels, str):
        (path / "qrels.tsv").write_text(qrels)
    else:
        (path / "qrels").mkdir()
        for name, text in qrels.items():
            (path / "qrels" / name).write_text(text)
    return path


def test_a_plain_folder(tmp_path):
    draft = load(folder(tmp_path))
    assert [(page.id, page.title, page.sentences) for page in draft.documents] == [
        ("d1", "Wings", ("A wing lifts.", "It is thin.")),
        ("d2", "d2", ()),
        ("d3", "Wings (2)", ("Another text.",)),
    ]
    (question,) = draft.questions
    assert (question.id, question.text, question.family, question.answers) == ("1", "what lifts", "adhoc", ())
    # d4 is a copy of d1; d3 was judged not relevant.
    assert [hop.attestations for hop in question.gold] == [(Attestation("d1", None),)]
    assert draft.notes == {"unjudged": 1, "dangling_judgements": 0, "in_two_splits": 0, "repeated_questions": 0}


def test_judgements_of_absent_queries_and_passages_are_left_out_and_counted_at_any_score(tmp_path):
    dangling = "9\td1\t1\n1\td9\t1\n1\td8\t0\n"
    draft = load(folder(tmp_path, qrels=QRELS + dangling))
    assert draft.notes["dangling_judgements"] == 3
    assert [question.qrels() for question in draft.questions] == [("d1",)]


@pytest.mark.parametrize(
    "qrels",
    [
        "1\t0\td3\t1\n",
        "1 0 d3 1\n",
        "1 Q0 d3 1\n",
        "query_id\tcorpus_id\trelevance\n1\td3\t1\n",
        "\ufeffquery-id\tcorpus-id\tscore\n1\td3\t1\n",
        "\ufeff1\td3\t1\n",
    ],
)
def test_forms_of_judgements(tmp_path, qrels):
    draft = load(folder(tmp_path, qrels=qrels))
    assert [(question.id, question.qrels()) for question in draft.questions] == [("1", ("d3",))]
    assert draft.notes["dangling_judgements"] == 0


def test_integer_ids_a_null_title_and_a_byte_order_mark(tmp_path):
    folder(tmp_path, [{"_id": 7, "title": None, "text": "A wing."}], [{"_id": 1, "text": "a"}], "1\t7\t1\n")
    (tmp_path / "corpus.jsonl").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "corpus.jsonl").read_bytes())
    draft = load(tmp_path)
    assert [(page.id, page.title) for page in draft.documents] == [("7", "7")]
    assert [(question.id, question.qrels()) for question in draft.questions] == [("1", ("7",))]


def test_a_query_judged_in_two_splits_is_in_neither_and_counted(tmp_path):
    queries = [{"_id": "1", "text": "a"}, {"_id": "2", "text": "b"}]
    qrels = {"train.tsv": "1\td1\t1\n", "validation.tsv": "1\td3\t1\n2\td3\t1\n"}
    draft = load(folder(tmp_path, queries=queries, qrels=qrels))
    assert [(question.id, question.split) for question in draft.questions] == [("2", "dev")]
    assert draft.notes == {"unjudged": 0, "dangling_judgements": 0, "in_two_splits": 1, "repeated_questions": 0}


def test_the_extended_form_has_a_hop_for_each_supporting_passage_in_its_order(tmp_path):
    query = {"_id": "q", "question": "Who?", "answers": ["Ann", "A."], "type": "bridge", "hops": 2}
    qrels = "query-id\tcorpus-id\tscore\nq\td1\t1\nq\td3\t1\n"
    (question,) = load(folder(tmp_path, queries=[query | {"supporting": ["d3", "d1"]}], qrels=qrels)).questions
    assert (question.text, question.answers, question.family, question.hops) == ("Who?", ("Ann", "A."), "bridge", 2)
    assert question.qrels() == ("d3", "d1")


def test_the_split_is_the_name_of_the_judgements_file(tmp_path):
    queries = [{"_id": "1", "text": "a"}, {"_id": "2", "text": "b"}, {"_id": "3", "text": "c"}]
    head = "query-id\tcorpus-id\tscore\n"
    qrels = {"train.tsv": head + "1\td1\t1\n", "dev.tsv": head + "2\td1\t1\n", "test.tsv": head + "3\td1\t1\n"}
    assert [q.split for q in load(folder(tmp_path, queries=queries, qrels=qrels)).questions] == ["train", "dev", "test"]


@pytest.mark.parametrize(
    ("change", "file", "line", "field"),
    [
        ({"corpus": [*CORPUS, {"_id": [5], "text": "x"}]}, "corpus.jsonl", 5, "_id"),
        ({"corpus": [*CORPUS, {"_id": "d9"}]}, "corpus.jsonl", 5, None),
        ({"corpus": [*CORPUS, CORPUS[0]]}, "corpus.jsonl", 5, "_id"),
        ({"queries": [{"_id": "1"}]}, "queries.jsonl", 1, "text"),
        ({"queries": [{"_id": "1", "text": ["a"]}]}, "queries.jsonl", 1, "text"),
        ({"queries": [{"_id": "1", "text": "a", "supporting": ["d77"]}]}, "queries.jsonl", 1, "supporting"),
        ({"qrels": QRELS + "1\td1\n"}, "qrels.tsv", 5, None),
        ({"qrels": QRELS + "1\td1\tmuch\n"}, "qrels.tsv", 5, "score"),
        ({"qrels": QRELS + "1\td1\tnan\n"}, "qrels.tsv", 5, "score"),
        ({"qrels": QRELS + "1\td1\tinf\n"}, "qrels.tsv", 5, "score"),
        ({"qrels": "9\td1\t1\n"}, "queries.jsonl", None, None),
        ({"qrels": {}}, "", None, None),
        ({"corpus": []}, "corpus.jsonl", None, None),
    ],
)
def test_malformed_folders_are_named_by_file_line_and_field(tmp_path, change, file, line, field):
    with pytest.raises(BadInput) as caught:
        load(folder(tmp_path, **change))
    assert (caught.value.file, caught.value.line, caught.value.field) == (tmp_path / file, line, field)


def test_deep_json_in_a_field_that_nobody_reads_is_named(tmp_path):
    folder(tmp_path)
    deep = "[" * 100_000 + "]" * 100_000
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "text": "a"}\n{"_id": "d2", "text": "b", "x": ' + deep + "}")
    with pytest.raises(BadInput, match="nested too deeply") as caught:
        load(tmp_path)
    assert caught.value.line == 2


def test_a_row_that_is_no_json_and_a_folder_that_is_none(tmp_path):
    folder(tmp_path)
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "a"}\n\n{"_id": "2", "te')
    with pytest.raises(BadInput, match="not valid JSON") as caught:
        load(tmp_path)
    assert caught.value.line == 3
    with pytest.raises(BadInput, match="no such file"):
        load(tmp_path / "nowhere")
