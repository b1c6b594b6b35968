"""Search-R1 folders: both forms of questions."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

import pytest

from berrypick.corpora.loaders.search_r1 import load
from berrypick.errors import BadInput

CORPUS = [
    {"id": "0", "contents": '"Aaron"\nAaron is a prophet. He is a brother of Moses.'},
    {"id": 1, "contents": '"Moses"\nMoses led the people.', "extra": 1},
]
PLAIN = [{"id": "test_0", "question": "who is the brother of moses?", "golden_answers": ["Aaron", "Aaron"]}]
PROMPT = "Answer the given question. You can search with <search>. Question: who led the people?\n"
VERL = {
    "data_source": "nq",
    "prompt": [{"role": "user", "content": PROMPT}],
    "ability": "fact-reasoning",
    "reward_model": {"style": "rule", "ground_truth": {"target": ["Moses"]}},
    "extra_info": {"split": "train", "index": 0},
}


def folder(path: Path, corpus=CORPUS, **files: list[dict]) -> Path:
    (path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    for name, rows in files.items():
        (path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return path


def test_both_forms_of_questions_and_their_splits(tmp_path):
    draft = load(folder(tmp_path, test=PLAIN, train_nq=[VERL]))
    assert [(page.id, page.title, page.sentences) for page in draft.documents] == [
        ("0", "Aaron", ("Aaron is a prophet.", "He is a brother of Moses.")),
        ("1", "Moses", ("Moses led the people.",)),
    ]
    plain, verl = draft.questions
    assert (plain.id, plain.text, plain.answers) == ("test-test_0", "who is the brother of moses?", ("Aaron",))
    assert (plain.family, plain.split, plain.gold) == ("qa", "test", ())
    assert (verl.id, verl.text, verl.answers) == ("train_nq-0", "who led the people?", ("Moses",))
    assert (verl.family, verl.split) == ("nq", "train")


def test_a_target_may_be_one_string_and_a_prompt_the_bare_question(tmp_path):
    row = VERL | {"prompt": [{"content": "who?"}], "reward_model": {"ground_truth": {"target": "Moses"}}}
    (question,) = load(folder(tmp_path, test=[row])).questions
    assert (question.text, question.answers) == ("who?", ("Moses",))


@pytest.mark.parametrize(
    ("passage", "title", "text"),
    [
        ({"contents": '""Weird Al" Yankovic"\nA singer.'}, '"Weird Al" Yankovic', "A singer."),
        ({"contents": '""Heroes""\nA song.'}, '"Heroes"', "A song."),
        ({"contents": 'Say "Yes"\nA song.'}, 'Say "Yes"', "A song."),
        ({"contents": "Text that has no title."}, "0", "Text that has no title."),
        ({"title": "Moses", "text": "He led."}, "Moses", "He led."),
        ({"title": None, "text": "He led."}, "0", "He led."),
    ],
)
def test_titles_of_passages(tmp_path, passage, title, text):
    draft = load(folder(tmp_path, [{"id": "0"} | passage], test=PLAIN))
    assert [(page.title, page.text) for page in draft.documents] == [(title, text)]


def test_ids_that_repeat_in_a_merged_file_carry_their_source(tmp_path):
    rows = [PLAIN[0] | {"data_source": "nq"}, PLAIN[0] | {"data_source": "hotpotqa", "question": "another?"}]
    draft = load(folder(tmp_path, test=rows))
    assert [question.id for question in draft.questions] == ["test-nq-test_0", "test-hotpotqa-test_0"]
    assert draft.notes == {"repeated_questions": 0}


@pytest.mark.parametrize(("answers", "expected"), [("x", ("x",)), ([1945], ("1945",)), (1945, ("1945",))])
def test_answers_that_are_no_list_of_strings(tmp_path, answers, expected):
    (question,) = load(folder(tmp_path, test=[PLAIN[0] | {"golden_answers": answers}])).questions
    assert question.answers == expected


def test_a_ground_truth_may_be_a_string(tmp_path):
    (question,) = load(folder(tmp_path, test=[VERL | {"reward_model": {"ground_truth": "Moses"}}])).questions
    assert question.answers == ("Moses",)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("nq_train", "train"),
        ("train", "train"),
        ("val", "dev"),
        ("validation", "dev"),
        ("dev2017", "dev"),
        ("nq", "test"),
    ],
)
def test_the_split_is_spelt_in_the_name_of_the_file(tmp_path, name, split):
    assert [question.split for question in load(folder(tmp_path, **{name: PLAIN})).questions] == [split]


@pytest.mark.parametrize("name", ["wiki-18.jsonl", "wiki-18.jsonl.gz"])
def test_the_published_name_of_the_passages(tmp_path, name):
    text = (folder(tmp_path, test=PLAIN) / "corpus.jsonl").read_bytes()
    (tmp_path / "corpus.jsonl").unlink()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert [page.title for page in load(tmp_path).documents] == ["Aaron", "Moses"]


def test_a_gzip_file_that_ends_early_is_named(tmp_path):
    text = (folder(tmp_path, test=PLAIN) / "corpus.jsonl").read_bytes()
    (tmp_path / "corpus.jsonl").unlink()
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(text)[:-9])
    with pytest.raises(BadInput, match="damaged") as caught:
        load(tmp_path)
    assert caught.value.file == tmp_path / "corpus.jsonl.gz"


def test_two_files_of_passages_are_refused(tmp_path):
    text = (folder(tmp_path, test=PLAIN) / "corpus.jsonl").read_bytes()
    (tmp_path / "wiki-18.jsonl").write_bytes(text)
    with pytest.raises(BadInput, match=r"found also wiki-18\.jsonl"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("corpus", "questions", "file", "line", "field"),
    [
        ([{"id": "0"}], PLAIN, "corpus.jsonl", 1, "contents"),
        ([*CORPUS, {"id": [], "contents": ""}], PLAIN, "corpus.jsonl", 3, "id"),
        ([*CORPUS, {"id": 0, "contents": "x"}], PLAIN, "corpus.jsonl", 3, "id"),
        (CORPUS, [*PLAIN, {"golden_answers": ["a"]}], "test.jsonl", 2, "question"),
        (CORPUS, [{"question": " ", "golden_answers": ["a"]}], "test.jsonl", 1, "question"),
        (CORPUS, [{"question": "a"}], "test.jsonl", 1, "golden_answers"),
        (CORPUS, [{"question": "a", "golden_answers": []}], "test.jsonl", 1, "golden_answers"),
        (CORPUS, [{"question": "a", "golden_answers": {}}], "test.jsonl", 1, "golden_answers"),
        (CORPUS, [{"question": "a", "golden_answers": ["b", []]}], "test.jsonl", 1, "golden_answers[1]"),
        (CORPUS, [PLAIN[0], PLAIN[0] | {"question": "another?"}], "test.jsonl", 2, "id"),
        (CORPUS, [VERL | {"reward_model": {"ground_truth": {}}}], "test.jsonl", 1, "reward_model.ground_truth"),
    ],
)
def test_malformed_rows_are_named(tmp_path, corpus, questions, file, line, field):
    with pytest.raises(BadInput) as caught:
        load(folder(tmp_path, corpus, test=questions))
    assert (caught.value.file, caught.value.line, caught.value.field) == (tmp_path / file, line, field)


def test_a_folder_without_questions_says_so(tmp_path):
    with pytest.raises(BadInput, match="holds no questions"):
        load(folder(tmp_path))


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_what_to_install(tmp_path):
    (folder(tmp_path) / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="pip install pyarrow"):
        load(tmp_path)


def test_parquet_questions(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [PLAIN[0] | {"data_source": "nq"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), folder(tmp_path) / "dev.parquet")
    (question,) = load(tmp_path).questions
    assert (question.answers, question.family, question.split) == (("Aaron",), "nq", "dev")
    (tmp_path / "dev.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInput, match="not a parquet file"):
        load(tmp_path)


def test_parquet_rows_are_checked_as_the_others(tmp_path, monkeypatch):
    """With a stand-in for pyarrow: what it hands over is decoded strictly, too."""
    import sys
    from types import ModuleType, SimpleNamespace

    rows = [PLAIN[0], {"question": 3, "golden_answers": ["a"]}]
    parquet = ModuleType("pyarrow.parquet")
    parquet.read_table = lambda file: SimpleNamespace(to_pylist=lambda: rows)
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)
    (folder(tmp_path) / "test.parquet").write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        load(tmp_path)
    assert (caught.value.line, caught.value.field) == (2, "question")
    del rows[1]
    assert load(tmp_path).questions[0].answers == ("Aaron",)
