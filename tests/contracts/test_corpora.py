"""What every registered corpus and every loader must give."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from berrypick import io
from berrypick.corpora import CORPORA, Corpus, load, store
from berrypick.corpora.answerability.audit import audit
from berrypick.corpora.loaders import LOADERS
from berrypick.corpora.store import Draft
from berrypick.errors import BadInput

#: Least share of a family's questions that the audit keeps: it asks with ordinary words, reworded pages have others.
KEEPS = {"almanac-small-reworded": 0.5, "almanac-even-reworded": 0.5}
#: Rows that take a minute, and rows that no test builds: what makes them is tested at their smaller sizes.
LARGE = {
    "almanac-small",
    "almanac-small-reworded",
    "almanac-even",
    "almanac-even-reworded",
    "almanac-balanced",
    "almanac-10k",
}
HUGE = {"almanac-base", "almanac-100k", "almanac-large"}
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in CORPORA if name not in HUGE]
FORMATS = Path(__file__).resolve().parents[1] / "data" / "formats"


def test_the_registries_are_not_empty():
    assert {"almanac-tiny", "factbook", *LARGE, *HUGE} <= set(CORPORA)
    assert all(CORPORA.help(name) for name in CORPORA) and all(LOADERS.help(name) for name in LOADERS)


@pytest.fixture(scope="module")
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return load(request.param)


def well_formed(corpus: Corpus) -> None:
    """Documents, links and attestations fit together."""
    titles = {document.title for document in corpus.documents}
    assert [document.id for document in corpus.documents] == sorted(document.id for document in corpus.documents)
    for document in corpus.documents:
        assert document.title.strip() == document.title != ""
        assert all(sentence.strip() == sentence != "" for sentence in document.sentences), document.id
        assert set(document.links) <= titles - {document.title}, document.id
    for question in corpus.all_questions:
        assert question.text.strip() and question.family and question.split in ("train", "dev", "test")
        for hop in question.gold:
            assert hop.attestations, f"{question.id}: a hop that nothing states"
            for place in hop.attestations:
                genre = corpus.documents[corpus.position[place.document]].genre
                assert place.genre == (genre or "document"), question.id


@pytest.mark.parametrize("corpus", NAMES, indirect=True)
def test_a_corpus_is_well_formed(corpus):
    well_formed(corpus)
    assert corpus.manifest.licence and corpus.entities
    for question in corpus.all_questions:
        assert question.answers and all(question.answers) and question.answer_type, question.id
        assert question.hops >= 2, question.id


@pytest.mark.parametrize("corpus", NAMES, indirect=True)
def test_no_question_gives_its_answer_away(corpus):
    for question in corpus.all_questions:
        # As written, since India's ".in" is not the "in" of a question.
        given = [a for a in question.answers if re.search(rf"(?<!\w){re.escape(a)}(?!\w)", question.text)]
        assert given == [], question.text


@pytest.mark.parametrize("corpus", NAMES, indirect=True)
def test_the_audit_keeps_four_fifths_of_every_family(corpus):
    assert [*corpus.audit] == [question.id for question in corpus.all_questions]
    for family in {question.family for question in corpus.all_questions}:
        asked = [question for question in corpus.all_questions if question.family == family]
        kept = [question for question in asked if corpus.audit[question.id].routes]
        assert len(kept) >= KEEPS.get(corpus.name, 0.8) * len(asked), family
    for question in corpus.questions:
        row = corpus.audit[question.id]
        genres = [{place.genre for place in hop.attestations} for hop in question.gold]
        assert all(len(route) == question.hops for route in row.routes)
        assert all(genre in found for route in row.routes for genre, found in zip(route, genres, strict=True))
        assert 1 <= row.cost <= 9


def made(name: str, split: str = "test", world: int = 0) -> Draft:
    """All that a builder makes, whether at once or in parts."""
    found = CORPORA[name].make(split, world)
    parts = [found] if isinstance(found, Draft) else list(found)
    documents, questions, entities = (
        [row for part in parts for row in getattr(part, rows)] for rows in ("documents", "questions", "entities")
    )
    return Draft(sorted(documents, key=lambda document: document.id), questions, entities)


def digest(draft: Draft) -> str:
    parts = (io.jsonl(rows) for rows in (draft.documents, draft.questions, draft.entities))
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


@pytest.mark.parametrize("corpus", NAMES, indirect=True)
def test_another_process_with_another_hash_seed_makes_the_same_bytes(corpus):
    code = (
        "import sys, tempfile; from pathlib import Path; from berrypick.corpora import CORPORA, store; "
        "folder = Path(tempfile.mkdtemp()); about = dict(name='', builder='', version=1, parameters={}, seed=0); "
        "store.write(folder, CORPORA[sys.argv[1]].make('test', 0), **about, licence=''); "
        "hashes = store.read(folder).manifest.sha256; "
        "print(*(hashes[f'{name}.jsonl'] for name in ('documents', 'questions', 'entities')))"
    )
    command, environment = [sys.executable, "-c", code, corpus.name], {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    stored = [corpus.manifest.sha256[f"{name}.jsonl"] for name in ("documents", "questions", "entities")]
    assert done.stdout.split() == stored


@pytest.mark.parametrize("name", [name for name in CORPORA if name not in LARGE | HUGE])
def test_worlds_differ_and_splits_share_no_name(name):
    builder = CORPORA[name]
    if not builder.worlds:
        pytest.skip("one corpus for all splits")
    drafts = {which: made(name, *which) for which in (("train", 0), ("train", 1), ("dev", 0), ("test", 0))}
    assert len({digest(draft) for draft in drafts.values()}) == len(drafts)
    names = {split: {e.full for e in drafts[split, 0].entities} for split in ("train", "dev", "test")}
    assert not names["train"] & names["dev"] and not names["train"] & names["test"] and not names["dev"] & names["test"]


def sample(format: str) -> Path:
    """The small file or folder in this format that lies with the tests."""
    (path,) = (path for path in FORMATS.iterdir() if path.stem == format)
    return path


@pytest.mark.parametrize("format", LOADERS)
def test_a_loader_reads_its_format_into_a_corpus_that_can_be_searched(format, tmp_path):
    draft = LOADERS[format](sample(format))
    store.write(tmp_path, draft, name=format, builder="x", version=1, parameters={}, seed=0, licence="x")
    corpus = store.read(tmp_path)
    well_formed(corpus)
    assert corpus.documents and corpus.all_questions
    assert all(corpus.manifest.counts[name] == count for name, count in draft.notes.items())
    found = audit(corpus, engines=("bm25",))
    assert found.share == 1.0, found.rows


@pytest.mark.parametrize("format", LOADERS)
def test_a_loader_gives_the_same_bytes_twice(format):
    assert digest(LOADERS[format](sample(format))) == digest(LOADERS[format](sample(format)))


@pytest.mark.parametrize("format", LOADERS)
def test_a_loader_names_the_file_that_is_missing_broken_or_not_text(format, tmp_path):
    with pytest.raises(BadInput) as caught:
        LOADERS[format](tmp_path / "nowhere")
    assert "nowhere" in str(caught.value.file)
    good = sample(format)
    names = sorted(path.relative_to(good) for path in good.rglob("*.json*")) if good.is_dir() else [Path()]
    for name in names:
        for number, broken in enumerate((b"", b'{"a": ', b"[1, 2]", b"\xff\xfe\x00", b"null", b'[{"\\ud800": 1}]')):
            copy = tmp_path / f"{name.stem}-{number}"
            place = copied(good, copy) / name if good.is_dir() else copied(good, copy)
            place.write_bytes(broken)
            with pytest.raises(BadInput) as caught:
                LOADERS[format](copy)
            assert caught.value.file == place


def copied(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target))
