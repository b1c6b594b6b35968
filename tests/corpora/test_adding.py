"""Adding corpora: names, atomicity, replacement."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from berrypick import io
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
    assert again.manifest.counts == {
        "documents": 4,
        "questions": 2,
        "entities": 0,
        "facts_without_sentence": 0,
        "repeated_questions": 0,
    }


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
    twice.write_text(json.dumps([rows[0], rows[0] | {"question": "Another?"}]))
    with pytest.raises(BadInput, match="appears twice"):
        add("mine", "hotpotqa", twice, force=True)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        add("mine", "beir", FORMATS / "beir", force=True)
    assert load("mine").manifest.builder == "loader:hotpotqa"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


def test_a_replacement_that_fails_half_way_puts_the_old_corpus_back(home, monkeypatch):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    rename = os.rename

    def refuse(source: Path, target: Path) -> None:
        if source.suffix == ".tmp":
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError, match="no"):
        add("mine", "beir", FORMATS / "beir", force=True)
    assert load("mine").manifest.builder == "loader:hotpotqa"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


KILLED = """
import os, signal, sys
from pathlib import Path
from berrypick.corpora.adding import add
def deadly(move):
    def moved(source, target):
        move(source, target)
        if Path(target).name.startswith(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
    return moved
os.rename, os.replace = deadly(os.rename), deadly(os.replace)
add("mine", "beir", Path(sys.argv[2]), force=True)
"""


@pytest.mark.parametrize(
    ("moved", "kept"), [("manifest.json", "hotpotqa"), (".mine.retired-", "hotpotqa"), ("mine", "beir")]
)
def test_a_killed_replacement_loses_nothing_and_leaves_nothing(home, moved, kept):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    done = subprocess.run([sys.executable, "-P", "-c", KILLED, moved, str(FORMATS / "beir")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list((home / "added").iterdir())) == 2
    with pytest.raises(BadInput, match="--force"):
        add("mine", "musique", FORMATS / "musique.jsonl")
    assert load("mine").manifest.builder == f"loader:{kept}"
    add("mine", "musique", FORMATS / "musique.jsonl", force=True)
    assert load("mine").manifest.builder == "loader:musique"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


@pytest.mark.parametrize("same", [True, False])
def test_of_two_at_once_the_first_stays_and_the_other_hears_of_it(home, monkeypatch, same):
    new_folder = io.new_folder

    @contextmanager
    def overtaken(path: Path) -> Iterator[Path]:
        with new_folder(path) as target:
            yield target
            monkeypatch.setattr(io, "new_folder", new_folder)
            add("mine", "beir", FORMATS / "beir", licence="one")

    monkeypatch.setattr(io, "new_folder", overtaken)
    if same:
        add("mine", "beir", FORMATS / "beir", licence="one")
    else:
        with pytest.raises(BadInput, match="another process added 'mine'"):
            add("mine", "beir", FORMATS / "beir", licence="two")
    assert load("mine").manifest.licence == "one"
    assert [path.name for path in (home / "added").iterdir()] == ["mine"]


def test_corpora_that_are_being_replaced_are_not_listed(home):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    (home / "added" / "mine").rename(home / "added" / ".mine.retired-1")
    assert added() == []
