"""Suites that depend on what the user added."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks import cells, dominant_move, result, run
from berrypick.benchmarks.suites import ANY, Cell, cells_of, label
from berrypick.corpora.adding import add
from berrypick.corpora.managing import remove

FORMATS = Path(__file__).resolve().parents[1] / "data" / "formats"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    return tmp_path


def answerless(folder: Path) -> Path:
    """A BEIR folder whose queries have no answers."""
    shutil.copytree(FORMATS / "beir", folder)
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    kept = ({name: value for name, value in row.items() if name in ("_id", "text", "question")} for row in queries)
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    return folder


def test_real_is_factbook_where_nothing_was_added(home: Path):
    factbook = Cell("berrypick/Factbook-v0", "factbook", worlds=1, tasks=200)
    assert cells_of("real") == (factbook, msgspec.structs.replace(factbook, knockouts=("no_favourite",)))


def test_real_asks_added_corpora_that_have_answers(home: Path, tmp_path: Path):
    """hotpotqa.json has two questions with answers, a mixed set one; of a set without any nothing could be scored."""
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    add("mixed", "beir", FORMATS / "beir")
    add("silent", "beir", answerless(tmp_path / "silent"))
    (mixed,) = [cell for cell in cells_of("real") if cell.corpus == "mixed" and cell.plain]
    assert mixed.tasks == len(cells.search_env(mixed).tasks.questions(0)) == 1
    remove("mixed")
    mine = cells_of("real")[2:]
    assert [cell.label for cell in mine] == ["mine", "mine no_favourite"]
    assert {(cell.env, cell.corpus, cell.tasks) for cell in mine} == {(ANY, "mine", 2)}
    assert len(cells.search_env(mine[0]).tasks.questions(0)) == 2


def test_an_added_corpus_is_played(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    monkeypatch.setattr(run, "cells_of", lambda suite, protocol: cells_of(suite)[2:])
    (folder,) = run.run(["oracle"], "real", 0, tmp_path / "run")
    found = result.read(folder)
    assert [cell.label for cell in found.cells] == ["mine", "mine no_favourite"]
    assert found.cells[0].metrics["EM"].value == 1.0 and found.cells[0].setup["split"] == cells_of("real")[2].split
    (refused,) = found.cells[1].setup["knockouts"]
    assert refused.startswith("no_favourite:")


def test_what_is_knocked_out_after_training_is_held_against_the_test_worlds():
    """Two plain cells; changed ones, no_favourite among them, stand against that of their own split."""
    cells = cells_of("collapse")
    assert [cell.label for cell in cells] == [
        "Almanac dev", "Almanac", "Almanac no_profile", "Almanac no_open", "Almanac no_favourite",
    ]  # fmt: skip
    assert [dominant_move.plain_of(cells, cell) for cell in cells] == [0, 1, 1, 1, 1]
    assert {(cell.tasks, cell.rollouts, cell.worlds) for cell in cells} == {(100, 16, 8)}


def test_labels_name_what_is_searched_and_what_was_changed():
    almanac = ("berrypick/Almanac-v0", "almanac-small")
    assert label(*almanac, "test", ("no_open",), ("error:0.3",)) == "Almanac no_open error:0.3"
    assert label(*almanac, "dev", (), ()) == "Almanac dev"
    assert label("berrypick/Factbook-v0", "factbook", None, (), ()) == "Factbook"
    assert label(ANY, "mine", "dev", (), ()) == "mine", "of a corpus that was added, there is one cell"
