"""Removing and renaming what was added, and what an audit does to a user's questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.corpora import added, load, store
from berrypick.corpora.adding import add
from berrypick.corpora.managing import audit_added, remove, rename
from berrypick.envs.search import SearchEnv
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

FORMATS = Path(__file__).resolve().parents[1] / "data" / "formats"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    return tmp_path


def test_a_removed_corpus_leaves_nothing(home: Path):
    (home / "added" / ".old.removed-1").mkdir()
    assert remove("mine") == home / "added" / "mine"
    assert added() == [] and list((home / "added").iterdir()) == []
    with pytest.raises(UnknownName, match="mine"):
        remove("mine")


def test_of_a_registered_corpus_what_was_built_is_removed(home: Path):
    with pytest.raises(BadInput, match="nothing of 'almanac-tiny' was built here"):
        remove("almanac-tiny")
    load("almanac-tiny")
    remove("almanac-tiny")
    assert list((home / "corpora").iterdir()) == []


def test_a_renamed_corpus_keeps_its_audit_and_its_bytes(home: Path):
    audit_added("mine")
    before = load("mine")
    rename("mine", "ours")
    after = load("ours")
    assert added() == ["ours"] and (after.name, after.path.name) == ("ours", "ours")
    assert (after.fingerprint, after.audit) == (before.fingerprint, before.audit)


@pytest.mark.parametrize("name", ["factbook", "Upper", "taken", "../up"])
def test_a_name_that_is_none_or_taken_changes_nothing(home: Path, name: str):
    add("taken", "hotpotqa", FORMATS / "hotpotqa.json")
    with pytest.raises(BadInput):
        rename("mine", name)
    assert added() == ["mine", "taken"] and load("mine").name == "mine"


def test_the_audit_marks_and_drops_nothing_that_a_user_asks(home: Path):
    """What has no route is asked still; ``mine:answerable`` leaves it out, in environments too."""
    corpus = load("mine")
    rows = [store.QuestionAudit(question.id, (), (), 0) for question in corpus.questions]
    rows[0] = store.QuestionAudit(rows[0].question, (("", ""),), (), 2)
    store.save_audit(corpus, rows)
    assert [q.id for q in load("mine").questions] == [q.id for q in corpus.questions]
    assert [q.id for q in load("mine:answerable").questions] == [rows[0].question]
    for name, count in (("mine", 2), ("mine:answerable", 1), (f"{corpus.path}:answerable", 1)):
        assert SearchEnv(name, split=None).tasks.count() == count


def test_answerable_needs_an_audit_and_a_corpus(home: Path):
    with pytest.raises(BadInput, match="berrypick audit mine"):
        load("mine:answerable")
    with pytest.raises(UnknownName, match="nine"):
        SearchEnv("nine:answerable", split=None)


def test_built_corpora_leave_out_what_cannot_be_answered(toy_corpus: store.Corpus, tmp_path: Path):
    assert not toy_corpus.is_loaded and toy_corpus.questions == toy_corpus.answerable
