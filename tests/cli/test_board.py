"""``submit``, ``verify`` and ``board`` as a person meets them: what they print, and the exit codes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one submission, made by the two commands."""
    SUITES.add("cli-tiny", (Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=3, rollouts=2),), "for tests")
    out = tmp_path_factory.mktemp("board")
    runs = [str(out / "runs" / str(seed)) for seed in range(3)]
    for seed, folder in enumerate(runs):
        words = ["--suite", "cli-tiny", "--seed", str(seed), "--out", folder, "--jobs", "1"]
        assert main(["bench", "closed_book", *words]) == 0
    about = ["--method", "none", "--agent-url", "https://example.org/x", "--training-tokens", "5"]
    assert main(["submit", *runs, "--name", "first", "--out", str(out / "board"), "--jobs", "1", *about]) == 0
    yield out / "board"
    del SUITES._rows["cli-tiny"], SUITES._help["cli-tiny"]


def test_what_was_said_is_in_the_entry(board: Path):
    about = json.loads((board / "first" / "entry.json").read_bytes())["about"]
    assert (about["method"], about["agent_url"], about["training_tokens"]) == ("none", "https://example.org/x", 5)
    assert (about["model"], about["licence"]) == ("", "CC-BY-4.0")


def test_verified(board: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["verify", str(board / "first"), "--jobs", "1"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "first: replayed, 18 episodes\n"  # 3 seeds x 3 questions x 2 rollouts
    assert "3/3 seed 2, almanac-tiny" in shown.err


def test_rejected(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One bad submission fails the whole check, and the others are told all the same."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        for file in ("entry.json", "episodes.jsonl.xz"):
            (tmp_path / name / file).write_bytes((board / "first" / file).read_bytes())
    assert main(["verify", str(tmp_path), "--jobs", "1"]) == 1
    first, second, reason = capsys.readouterr().out.splitlines()
    assert (first, second) == ("first: replayed, 18 episodes", "second: rejected")
    assert reason.endswith("entry.json, field 'name': is 'first', but the folder is 'second'")


def test_terminals_are_not_written_to(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "first").mkdir()
    entry = json.loads((board / "first" / "entry.json").read_bytes())
    entry["suite"] = "\x1b[2J[red]x"
    (tmp_path / "first" / "entry.json").write_text(json.dumps(entry))
    (tmp_path / "first" / "episodes.jsonl.gz").write_bytes(gzip.compress(b""))
    assert main(["verify", str(tmp_path), "--jobs", "1"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown and "field 'suite'" in shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["verify", "nowhere"], "nowhere: no folder here"),
        (["verify"], "name at least one"),
        (["verify", ".", "--jobs", "0"], "must be at least 1, got 0"),
        (["submit", "nowhere", "--name", "x"], "nowhere: no run here"),
        (["submit", "nowhere", "--name", "../x"], "is no name"),
        (["submit", "nowhere"], "--name"),
        (["submit", "--name", "x"], "these have none"),
    ],
)
def test_mistakes_are_one_complaint(words: list[str], reason: str, capsys: pytest.CaptureFixture[str]):
    try:
        code = main(words)
    except SystemExit as exited:
        code = int(exited.code or 0)
    assert code == 2 and reason in capsys.readouterr().err


def test_the_board_is_written_and_found_stale(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["board", "write", "--submissions", str(board), "--out", str(tmp_path)]
    assert main([*words, "--check"]) == 1
    assert (
        capsys.readouterr().out.splitlines()[0]
        == f"{tmp_path / 'README.md'} is stale; `berrypick board write` writes it anew"
    )
    assert list(tmp_path.iterdir()) == []
    assert main(words) == 0 and main([*words, "--check"]) == 0
    assert "closed&#95;book" in (tmp_path / "README.md").read_text()
