"""Adding corpora: names, atomicity, replacement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berrypick.corpora import CORPORA, added, load, store
from berrypick.corpora.adding import add
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

FORMATS = Path(__file__).resolve().parents[1] / "data" / "formats"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    return tmp_path


def test_what_was_added_is_loaded_by_name(home):
    corpus = add("mine", "hotpotqa", FORMATS / "hotpotqa.json", licence="CC BY-SA 4.0")
    assert added() == ["mine"]
    again = load("mine")
    assert again.documents == corpus.documents and again.all_questions == corpus.all_questions
    assert (again.path, again.manifest.licence) == (home / "added" / "mine", "CC BY-SA 4.0")
    assert again.manifest.parameters == {"format": "hotpotqa", "source": "hotpotqa.json"}
    assert again.manifest.counts == {"documents": 4, "questions": 2, "entities": 0, "facts_without_sentence": 0}


@pytest.mark.parametrize("name", ["", "../x", "Mine", ".hidden", "a/b", "a b", "-x", "x" + "/", "ä"])
def test_names_that_are_no_folder_names_are_refused(name, home):
    with pytest.raises(BadInput, match="is no name for a corpus"):
        add(name, "hotpotqa", FORMATS / "hotpotqa.json")
    assert list(home.iterdir()) == []


def test_registered_names_and_unknown_formats_are_refused(home):
    with pytest.raises(BadInput, match="pick another name"):
        add(next(iter(CORPORA)), "hotpotqa", FORMATS / "hotpotqa.json")
    with pytest.raises(UnknownName, match="'hotpotqa'"):
        add("mine", "hotpot", FORMATS / "hotpotqa.json")
    assert added() == []


def test_a_taken_name_needs_force(home):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    with pytest.raises(BadInput, match="--force"):
        add("mine", "beir", FORMATS / "beir")
    assert load("mine").manifest.builder == "loader:hotpotqa"
    add("mine", "beir", FORMATS / "beir", force=True)
    assert load("mine").manifest.builder == "loader:beir"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


def test_a_failing_load_leaves_nothing_and_loses_nothing(home):
    bad = home / "bad.json"
    bad.write_text(json.dumps([{"_id": "x"}]))
    with pytest.raises(BadInput):
        add("mine", "hotpotqa", bad)
    assert added() == [] and not (home / "added").exists()
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    with pytest.raises(BadInput):
        add("mine", "hotpotqa", bad, force=True)
    assert load("mine").all_questions[0].id == "h1"


def test_a_failing_check_or_write_loses_nothing(home, monkeypatch):
    """Ids may repeat within a well-formed file: the store's check finds it."""
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    rows = json.loads((FORMATS / "hotpotqa.json").read_text())
    twice = home / "twice.json"
    twice.write_text(json.dumps([rows[0], rows[0]]))
    with pytest.raises(BadInput, match="appears twice"):
        add("mine", "hotpotqa", twice, force=True)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        add("mine", "beir", FORMATS / "beir", force=True)
    assert load("mine").manifest.builder == "loader:hotpotqa"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


def test_a_swap_that_fails_half_way_puts_the_old_corpus_back(home, monkeypatch):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".staged-" in self.name:
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no"):
        add("mine", "beir", FORMATS / "beir", force=True)
    assert load("mine").manifest.builder == "loader:hotpotqa"


def test_corpora_that_are_being_written_are_not_listed(home):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    (home / "added" / "mine").rename(home / "added" / ".mine.staged-1")
    assert added() == []
