"""A corpus on disk: what goes in comes out, and what was touched is named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from berrypick import corpora, io
from berrypick.corpora import index_cache, manifest, store
from berrypick.corpora.store import Builder, Corpus, Draft, QuestionAudit
from berrypick.errors import BadInput, Damaged
from berrypick.records import Attestation, Document, Entity, Hop, Question
from berrypick.registry import UnknownName


def question(id: str = "q1", document: str = "d1", sentence: int | None = 0) -> Question:
    return Question(id, "Who?", "bridge", ("A",), (Hop("s", "r", "o", (Attestation(document, sentence, "profile"),)),))


DRAFT = Draft(
    [Document("d2", "Two", ("Second.",)), Document("d1", "One", ("First.", "More."), "profile", ("Two",))],
    [question("q1"), question("q2", "d2", None)],
    [Entity("Ann Ash", "A. Ash", "the Owl", "person")],
    {"skipped": 4},
)


def write(folder: Path, draft: Draft | Iterator[Draft] = DRAFT) -> Corpus:
    folder.mkdir(parents=True, exist_ok=True)
    store.write(folder, draft, name="t", builder="b", version=3, parameters={"p": 1}, seed=7, licence="CC0-1.0")
    return store.read(folder)


def test_round_trip(tmp_path: Path):
    corpus = write(tmp_path)
    assert corpus.documents == sorted(DRAFT.documents, key=lambda document: document.id)
    assert corpus.all_questions == corpus.questions == DRAFT.questions
    assert corpus.entities == DRAFT.entities
    assert (corpus.name, corpus.path, corpus.audit) == ("t", tmp_path, {})
    assert corpus.position == {"d1": 0, "d2": 1}
    assert corpus.position_of_title == {"one": 0, "two": 1}
    assert corpus.question_by_id == {"q1": DRAFT.questions[0], "q2": DRAFT.questions[1]}
    manifest = corpus.manifest
    assert (manifest.builder, manifest.version, manifest.parameters, manifest.seed) == ("b", 3, {"p": 1}, 7)
    assert manifest.counts == {"documents": 2, "questions": 2, "entities": 1, "skipped": 4}
    assert (tmp_path / "qrels.tsv").read_text() == "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n"


def test_a_genre_is_a_mask_over_the_documents(tmp_path: Path):
    corpus = write(tmp_path)  # d1 is a profile, d2 has no genre
    assert corpus.genre_mask("profile").tolist() == [True, False]
    assert corpus.genre_mask("").tolist() == [False, True]
    assert corpus.genre_mask("roster").tolist() == [False, False]
    assert corpus.genre_mask("profile") is corpus.genre_mask("profile")
    with pytest.raises(ValueError, match="read-only"):
        corpus.genre_mask("profile")[0] = False


def test_the_same_draft_gives_the_same_bytes_whatever_its_order(tmp_path: Path):
    first = write(tmp_path / "a")
    second = write(tmp_path / "b", replace(DRAFT, documents=DRAFT.documents[::-1]))
    for name in (*store.DATA_FILES, "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert first.fingerprint == second.fingerprint
    other = write(tmp_path / "c", replace(DRAFT, questions=DRAFT.questions[:1]))
    assert other.fingerprint != first.fingerprint


def test_once_audited_only_viable_questions_are_asked(tmp_path: Path):
    written = write(tmp_path)
    rows = [QuestionAudit("q1", (), (), 0), QuestionAudit("q2", (("profile",),), ("no_open",), 1)]
    store.save_audit(written, rows)
    corpus = store.read(tmp_path)
    assert [q.id for q in corpus.questions] == ["q2"] and [q.id for q in corpus.all_questions] == ["q1", "q2"]
    assert corpus.audit == {"q1": rows[0], "q2": rows[1]} and set(corpus.question_by_id) == {"q2"}
    store.save_audit(written, [rows[1], QuestionAudit("q1", (("profile",),), (), 1)])
    assert len(store.read(tmp_path).questions) == 2


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_process_killed_while_saving_an_audit_leaves_a_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
):
    corpus = write(tmp_path)
    rows = [QuestionAudit(id, (("profile",),), (), 1) for id in ("q1", "q2")]
    store.save_audit(corpus, [rows[0], QuestionAudit("q2", (), (), 0)])
    whole, writes = io.write_bytes, []

    def killed(path: Path, data: bytes) -> None:
        writes.append(path)
        if len(writes) == stop:
            raise KeyboardInterrupt
        whole(path, data)

    monkeypatch.setattr(io, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save_audit(corpus, rows)
    assert len(store.read(tmp_path).all_questions) == 2


NAMES = (*store.DATA_FILES, store.AUDIT_FILE, "manifest.json")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", ["cut", "edit", "empty", "remove"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, harm: str):
    store.save_audit(write(tmp_path), [QuestionAudit(id, (("profile",),), (), 1) for id in ("q1", "q2")])
    path = tmp_path / name
    data = path.read_bytes()
    path.unlink()
    if harm != "remove":
        # The edit keeps the length: some letter becomes another.
        changed = (
            data.replace(b"d1", b"dX")
            .replace(b"Ann", b"Bob")
            .replace(b"q1", b"q9")
            .replace(b'"schema": 1', b'"schema": 2')
        )
        assert changed != data and len(changed) == len(data)
        path.write_bytes({"cut": data[: len(data) // 2], "edit": changed, "empty": b""}[harm])
    with pytest.raises(Damaged, match=f"{name}.*: .*delete the folder") as caught:
        store.read(tmp_path)
    assert caught.value.file == path


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "field"),
    [
        ("documents.jsonl", b'"sentences":["Second."]', b'"sentences":["Second.",2]', 2, "sentences[1]"),
        ("questions.jsonl", b'"family":"bridge"', b'"family":7', 1, "family"),
        ("entities.jsonl", b'"full":"Ann Ash",', b"", 1, None),
        ("audit.jsonl", b'"cost":1}', b'"cost":1', 1, None),
    ],
)
def test_the_row_that_was_spoiled_is_named(
    tmp_path: Path, name: str, old: bytes, new: bytes, line: int, field: str | None
):
    store.save_audit(write(tmp_path), [QuestionAudit(id, (("profile",),), (), 1) for id in ("q1", "q2")])
    path = tmp_path / name
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(Damaged, match=r"truncated or edited.*delete the folder") as caught:
        store.read(tmp_path)
    assert (caught.value.file, caught.value.line, caught.value.field) == (path, line, field)


def test_an_audit_of_a_corpus_that_was_replaced_meanwhile_is_not_stored(tmp_path: Path):
    audited = write(tmp_path)
    write(tmp_path, replace(DRAFT, questions=[question("other")]))
    with pytest.raises(BadInput, match="replaced while it was audited") as caught:
        store.save_audit(audited, [QuestionAudit("q1", (), (), 0)])
    assert caught.value.file == tmp_path
    assert [q.id for q in store.read(tmp_path).questions] == ["other"]


def test_an_audit_of_other_questions_is_refused(tmp_path: Path):
    store.save_audit(write(tmp_path), [QuestionAudit("q1", (("profile",),), (), 1)])
    with pytest.raises(Damaged, match="not the audit of these questions") as caught:
        store.read(tmp_path)
    assert caught.value.file == tmp_path / "audit.jsonl"


def test_a_folder_without_manifest_is_an_error_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    (store.open_or_build("x", builder(), "test", 0).path / "manifest.json").unlink()
    with pytest.raises(Damaged, match=r"manifest\.json: is missing; delete the folder"):
        store.open_or_build("x", builder(make=lambda split, world: pytest.fail("built")), "test", 0)


@pytest.mark.parametrize("change", [{"documents.jsonl": None}, {"../secret": "0"}, {"qrels.tsv": None, "q.tsv": "0"}])
def test_a_manifest_that_names_other_files_is_refused(tmp_path: Path, change: dict[str, str | None]):
    write(tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["sha256"] = {
        file: digest for file, digest in {**manifest["sha256"], **change}.items() if digest is not None
    }
    path.write_text(json.dumps(manifest))
    with pytest.raises(Damaged, match=r"must name exactly documents\.jsonl") as caught:
        store.read(tmp_path)
    assert (caught.value.file, caught.value.field) == (path, "sha256")


def test_a_bad_row_that_the_manifest_vouches_for_is_named(tmp_path: Path):
    write(tmp_path)
    path = tmp_path / "questions.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"family":"bridge"', b'"family":7', 1))
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    manifest["sha256"]["questions.jsonl"] = io.sha256(path)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match="Expected `str`, got `int`") as caught:
        store.read(tmp_path)
    assert (caught.value.file, caught.value.line, caught.value.field) == (path, 1, "family")


D1, D2 = Document("d1", "One", ("x",)), Document("d2", "Two", ("x",))


@pytest.mark.parametrize(
    ("draft", "file", "line", "field", "reason"),
    [
        (Draft([], []), "documents.jsonl", None, None, "at least one document"),
        (Draft([D1, Document("d1", "Other", ())], []), "documents.jsonl", 2, "id", "'d1' appears twice"),
        (Draft([D1, Document("d2", "ONE", ())], []), "documents.jsonl", 2, "title", "'ONE' appears twice"),
        (Draft([D1, D2], [question("q"), question("q")]), "questions.jsonl", 2, "id", "'q' appears twice"),
        (Draft([D1], [question(document="d9")]), "questions.jsonl", 1, "gold", "'d9' is not in the corpus"),
        (Draft([D1], [question(sentence=1)]), "questions.jsonl", 1, "gold", "'d1' has no sentence 1"),
        (Draft([D1], [question(sentence=-1)]), "questions.jsonl", 1, "gold", "'d1' has no sentence -1"),
    ],
)
def test_a_draft_that_contradicts_itself_is_refused_before_anything_is_written(
    tmp_path: Path, draft: Draft, file: str, line: int | None, field: str | None, reason: str
):
    with pytest.raises(BadInput, match=reason) as caught:
        write(tmp_path, draft)
    assert (caught.value.file, caught.value.line, caught.value.field) == (tmp_path / file, line, field)
    assert list(tmp_path.iterdir()) == []


def builder(**changes: object) -> Builder:
    whole = {"make": lambda split, world: DRAFT, "parameters": {"n": 1}, "version": 1, "licence": "", "worlds": True}
    return Builder(**{**whole, "audited": False, **changes})


def test_worlds_versions_and_parameters_are_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    kinds = [
        (builder(), "train", 0),
        (builder(), "test", 0),
        (builder(), "test", 1),
        (builder(version=2), "test", 1),
        (builder(parameters={"n": 2}), "test", 1),
        (builder(worlds=False), "test", 1),
    ]
    folders = {store.folder_of("x", *kind) for kind in kinds}
    assert len(folders) == len(kinds) and all(folder.is_relative_to(tmp_path / "corpora" / "x") for folder in folders)
    one = builder(worlds=False)
    assert store.folder_of("x", one, "train", 3) == store.folder_of("x", one, "test", 0)
    corpus = store.open_or_build("x", builder(), "test", 1)
    assert (corpus.manifest.seed, corpus.manifest.parameters) == (1, {"n": 1, "split": "test", "world": 1})
    never = builder(make=lambda split, world: pytest.fail("built twice"))
    assert store.open_or_build("x", never, "test", 1).documents == corpus.documents


def test_a_builder_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    broken = builder(make=lambda split, world: Draft([D1, D1], []))
    with pytest.raises(BadInput, match="appears twice"):
        store.open_or_build("x", broken, "test", 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    store.open_or_build("x", builder(), "test", 0)


def test_load_by_path_and_by_added_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    assert corpora.added() == []
    write(tmp_path / "added" / "mine")
    assert corpora.added() == ["mine"]
    assert corpora.load("mine").documents == corpora.load(str(tmp_path / "added" / "mine")).documents
    with pytest.raises(UnknownName, match="unknown corpus 'mime'; did you mean 'mine'"):
        corpora.load("mime")


SLOW = """
import os, sys, time
from pathlib import Path
from berrypick.corpora import manifest, index_cache, store
from berrypick.corpora.store import Builder, Draft
from berrypick.records import Document

write = store.write
def slow_write(folder, draft, **about):
    write(folder, draft, **about)
    print("written", flush=True)
    time.sleep(float(sys.argv[1]))
store.write = slow_write

def make(split, world):
    return Draft([Document(f"d{n}", f"Title {n}", ("Some text.",)) for n in range(50)], [])

corpus = store.open_or_build("slow", Builder(make, {}, 1, "", worlds=True, audited=False), "test", 0)
print(corpus.path, corpus.fingerprint, flush=True)
"""


def build_slowly(seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-P", "-c", SLOW, str(seconds)], stdout=subprocess.PIPE, text=True)


def test_two_builds_at_once_give_one_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    running = [build_slowly(1) for _ in range(2)]
    printed = [process.communicate()[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert printed[0][0] == printed[1][0] == "written"
    assert printed[0][1] == printed[1][1]
    (folder,) = (tmp_path / "corpora" / "slow").iterdir()
    assert len(store.read(folder).documents) == 50


def test_a_killed_build_does_not_stand_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    killed = build_slowly(60)
    assert killed.stdout is not None and killed.stdout.readline() == "written\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (left,) = (tmp_path / "corpora" / "slow").iterdir()
    assert left.name.startswith(".") and (left / "documents.jsonl").is_file()
    printed, _ = build_slowly(0).communicate()
    assert "written" in printed
    (folder,) = (tmp_path / "corpora" / "slow").iterdir()
    assert not folder.name.startswith(".") and len(store.read(folder).documents) == 50


PARTS = [
    Draft(
        [Document("1b", "B", ("x",), "roster"), Document("1a", "A", ("x", "y"))],
        [question("q1", "1a", 1)],
        [],
        {"n": 1},
    ),
    Draft([Document("2a", "C", ("x",), "profile", ("A",))], [question("q2", "2a")], [Entity("Ann")], {"n": 2, "m": 1}),
]
WHOLE = Draft(
    [document for part in PARTS for document in part.documents],
    [question for part in PARTS for question in part.questions],
    [entity for part in PARTS for entity in part.entities],
    {"n": 3, "m": 1},
)


def test_a_corpus_written_in_parts_is_the_corpus_written_at_once(tmp_path: Path):
    at_once = write(tmp_path / "whole", WHOLE)
    in_parts = write(tmp_path / "parts", iter(PARTS))
    for name in (*store.DATA_FILES, "manifest.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert at_once.manifest.counts == {"documents": 3, "questions": 2, "entities": 1, "n": 3, "m": 1}
    assert [document.id for document in in_parts.documents] == ["1a", "1b", "2a"]


@pytest.mark.parametrize(
    ("second", "file", "line", "field", "reason"),
    [
        (Draft([Document("1b", "D", ())], []), "documents.jsonl", 3, "id", "'1b' appears twice"),
        (Draft([Document("0z", "D", ())], []), "documents.jsonl", 3, "id", "'0z' comes after '1b'; parts must be in"),
        (Draft([Document("2a", "a", ())], []), "documents.jsonl", 3, "title", "'a' appears twice"),
        (Draft([D2], [question("q1", "d2")]), "questions.jsonl", 2, "id", "'q1' appears twice"),
        (Draft([D2], [question("q2", "1a")]), "questions.jsonl", 2, "gold", "'1a' is not in the corpus"),
    ],
)
def test_a_part_that_contradicts_those_before_it_is_refused(
    tmp_path: Path, second: Draft, file: str, line: int, field: str, reason: str
):
    with pytest.raises(BadInput, match=reason) as caught:
        write(tmp_path, iter([PARTS[0], second]))
    assert (caught.value.file, caught.value.line, caught.value.field) == (tmp_path / file, line, field)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch):
    """Any file is large."""
    for module in (manifest, store, index_cache):
        monkeypatch.setattr(module, "LARGE", 0)


@pytest.mark.usefixtures("large")
def test_a_large_corpus_is_read_as_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lazy = write(tmp_path, WHOLE)
    monkeypatch.setattr(store, "LARGE", 2**20)
    eager = store.read(tmp_path)
    assert isinstance(eager.documents, list) and not isinstance(lazy.documents, list)
    assert list(lazy.documents) == eager.documents and list(lazy.entities) == eager.entities
    assert lazy.position == eager.position == {"1a": 0, "1b": 1, "2a": 2}
    assert lazy.position_of_title == eager.position_of_title == {"a": 0, "b": 1, "c": 2}
    for genre in ("profile", "roster", "", "other"):
        assert lazy.genre_mask(genre).tolist() == eager.genre_mask(genre).tolist()
    assert lazy.genre_mask("roster").tolist() == [False, True, False]
    assert (lazy.questions, lazy.manifest) == (eager.questions, eager.manifest)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("harm", ["cut", "edit", "old times", "remove"])
def test_a_large_file_that_was_read_before_and_is_damaged_now_is_named(tmp_path: Path, harm: str):
    write(tmp_path, WHOLE)
    path = tmp_path / "documents.jsonl"
    before, data = path.stat(), path.read_bytes()
    time.sleep(0.02)  # a file system's clock ticks every 4 to 10 ms
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(data[:-5] if harm == "cut" else data.replace(b'"B"', b'"X"'))
    if harm == "old times":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Damaged, match=r"documents\.jsonl.*delete the folder") as caught:
        store.read(tmp_path)
    assert caught.value.file == path


@pytest.mark.usefixtures("large")
def test_the_hash_of_a_large_file_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, WHOLE)
    hashed: list[str] = []
    whole = io.sha256
    monkeypatch.setattr(io, "sha256", lambda path: hashed.append(path.name) or whole(path))
    store.read(tmp_path)
    assert not {*hashed} & {*store.DATA_FILES}
    (tmp_path / "index" / "checked.json").write_bytes(b"{")
    store.read(tmp_path)
    assert {*hashed} >= {*store.DATA_FILES}
    hashed.clear()
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-copy", copy_function=shutil.copy)
    store.read(tmp_path.parent / f"{tmp_path.name}-copy")
    assert {*hashed} >= {*store.DATA_FILES}
