"""``bench --suite corpus:NAME``, and smoke tests of any suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.benchmarks import result, run
from berrypick.benchmarks.report import page
from berrypick.benchmarks.suites import ANY, Cell, cells_of, reduced
from berrypick.cli.main import main
from berrypick.corpora.adding import add
from berrypick.errors import BadInput
from berrypick.leaderboard.runs import read_run
from berrypick.leaderboard.verify.plan import Plan
from berrypick.registry import UnknownName

FORMATS = Path(__file__).resolve().parents[1] / "data" / "formats"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path / "home"))
    add("mine", "hotpotqa", FORMATS / "hotpotqa.json")
    return tmp_path


def test_one_corpus_is_played_plain_and_under_every_knockout_that_fits(home: Path):
    (folder,) = run.run(["oracle"], "corpus:mine", 0, home / "run", rollouts=2)
    found = result.read(folder)
    assert [cell.label for cell in found.cells] == [
        "mine", "mine no_bm25", "mine no_dense", "mine no_open", "mine no_dominant_move",
    ]  # fmt: skip
    assert found.cells[0].metrics["EM"].value == 1.0 and found.cells[0].rollouts == 2
    assert found.cells[4].setup["knockouts"][0].startswith("no_dominant_move:")


def test_evidence_of_whole_paragraphs_is_within_reach(home: Path):
    """MuSiQue marks paragraphs, not sentences: a page is opened, or its snippet shows the answer of the hop."""
    add("hops", "musique", FORMATS / "musique.jsonl")
    (folder,) = run.run(["oracle"], "corpus:hops", 0, home / "hops", rollouts=1)
    plain = result.read(folder).cells[0].metrics
    assert plain["EM"].value == plain["grounded"].value == plain["hop_recall"].value == 1.0


def test_what_cannot_be_submitted_says_so_in_result_and_page(home: Path):
    (own,) = run.run(["oracle"], "corpus:mine", 0, home / "own", questions=1, rollouts=1)
    assert "no suite of the board" in result.read(own).barred
    with pytest.raises(BadInput, match="cannot be submitted"):
        read_run(own)
    assert "cannot be submitted" in page.render([result.read(own)], {})


def test_a_smoke_test_of_a_suite_is_no_run_of_it(home: Path, monkeypatch: pytest.MonkeyPatch):
    tiny = (Cell(ANY, "mine", worlds=1, tasks=2, rollouts=16, split=None),)
    monkeypatch.setattr(run, "cells_of", lambda suite, protocol: tiny)
    (smoke,) = run.run(["oracle"], "quick", 0, home / "smoke", questions=1, rollouts=1)
    found = result.read(smoke)
    assert found.config.smoke_test and "a smoke test" in page.facts([found])
    assert found.provenance.command.endswith("--questions 1 --rollouts 1")
    with pytest.raises(BadInput, match=r"smoke test.*cannot be submitted"):
        read_run(smoke)
    (whole,) = run.run(["oracle"], "quick", 0, home / "whole", questions=2, rollouts=16)
    assert not result.read(whole).config.smoke_test and result.read(whole).barred == ""


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        ("corpus:none", "unknown corpus 'none'"),
        ("corpus:almanac-tiny", "family of worlds"),
        ("corpus:sets", "no question with answers"),
    ],
)
def test_a_corpus_that_cannot_be_asked_is_one_line(
    home: Path, suite: str, said: str, capsys: pytest.CaptureFixture[str]
):
    (home / "sets").mkdir()
    for name, text in (
        ("corpus.jsonl", '{"_id": "d1", "title": "A", "text": "A is in B."}\n'),
        ("queries.jsonl", '{"_id": "q1", "text": "Where is A?"}\n'),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n"),
    ):
        (home / "sets" / name).write_text(text)
    add("sets", "beir", home / "sets")
    assert main(["bench", "oracle", "--suite", suite, "--out", str(home / "out")]) == 2
    text = capsys.readouterr().err
    assert said in text and text.count("\n") == 1


@pytest.mark.parametrize("field", ["questions", "rollouts"])
def test_a_number_below_one_is_refused(field: str):
    with pytest.raises(BadInput, match=f"--{field}.*found 0"):
        reduced(cells_of("quick"), **({"questions": None, "rollouts": None} | {field: 0}))


def test_a_strangers_entry_opens_no_corpus_of_its_choice(home: Path):
    with pytest.raises(UnknownName, match="suite"):
        Plan("corpus:mine", "tags")


def test_the_commands_list_show_rename_and_remove(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["corpus", "list"]) == 0 and "mine" in capsys.readouterr().out
    assert main(["corpus", "rename", "mine", "ours"]) == 0
    assert main(["corpus", "show", "ours"]) == 0 and "loader:hotpotqa" in capsys.readouterr().out
    assert main(["audit", "ours"]) == 0 and main(["corpus", "show", "ours"]) == 0
    assert "all are asked, ours:answerable asks those alone" in capsys.readouterr().out
    assert main(["corpus", "remove", "ours"]) == 0 and main(["corpus", "list"]) == 0
    assert "No corpus was added" in capsys.readouterr().out
