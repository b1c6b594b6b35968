"""What a person gets wrong at the command line, and what the commands say of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from berrypick.cli import main as cli_main
from berrypick.cli.main import main

FORMATS = Path(__file__).parents[1] / "data" / "formats"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["corpus", "build", "almanac-tiny", "--split", "tset"], "did you mean 'test'"),
        (["corpus", "show", "almanac-tiny", "--world", "-1"], "'world': must be in [0, 2**32), got -1"),
        (["corpus", "build", "almanac-tiny", "--worlds", "0"], "'worlds': must be at least 1"),
        (["audit", "factbook", "--split", "tset"], "unknown split"),
        (["corpus", "add", "x", str(FORMATS), "--format", "hotpotqa"], "is a folder; expected"),
        (["play", "berrypick/AlmanacDiscrete-v0", "--corpus", "almanac-tiny"], "takes numbers"),
        (["play", "--seed", "-1"], "'seed': must be in [0, 2**32), got -1"),
        (["watch", ".", "--limit", "-1"], "'limit': must be at least 1"),
        (["report"], "'RUN': name at least one"),
        (["bench", "random", "--out", "taken/run"], "taken/run/.cells: Not a directory"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("taken").write_text("a file where a folder is wanted")
    assert main(words) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.startswith("berrypick: ") and said in caught.err and caught.err.count("\n") == 1


def test_an_error_of_the_system_that_names_no_file_is_not_hidden(monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise OSError("out of descriptors")

    monkeypatch.setattr(cli_main, "build", fail)
    with pytest.raises(OSError, match="out of descriptors"):
        main(["list"])


def test_an_interrupt_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_main, "build", interrupt)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "berrypick: interrupted\n"


@pytest.mark.parametrize(
    ("command", "promise"),
    [
        ("bench", "goes on where it stopped"),
        ("compare", "the 95 % interval excludes 0"),
        ("watch", "Exits with code 1"),
    ],
)
def test_help_says_what_the_docstring_promises(command: str, promise: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert promise in " ".join(capsys.readouterr().out.split())


def test_show_of_a_script_speaks_of_the_script(capsys: pytest.CaptureFixture[str]):
    assert main(["show", "scripted:byname"]) == 0
    text = capsys.readouterr().out
    assert "'byname'" in text and "partial" not in text


def test_what_a_loader_leaves_out_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "title": "A", "text": "A is in B."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "Where is A?"}\n{"_id": "q2", "text": "Why?"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    assert main(["corpus", "add", "half-judged", str(tmp_path), "--format", "beir", "--force"]) == 0
    assert "unjudged 1" in capsys.readouterr().out


def test_audit_prints_no_empty_table(capsys: pytest.CaptureFixture[str]):
    """Search-R1's questions come without evidence: there is no recall, knock-out or matrix to print."""
    assert main(["corpus", "add", "plain-qa", str(FORMATS / "search_r1"), "--format", "search_r1", "--force"]) == 0
    assert main(["audit", "plain-qa"]) == 0
    text = capsys.readouterr().out
    assert "2 without known evidence" in " ".join(text.split()) and "recall" not in text and "knock-out" not in text


def test_what_steers_a_terminal_is_shown(capsys: pytest.CaptureFixture[str]):
    cli_main.complain("no \x1b[2J\x07 here, caf\u00e9")
    assert capsys.readouterr().err == "berrypick: no \\x1b[2J\\x07 here, caf\u00e9\n"


@pytest.mark.parametrize("words", [["list", "agents"], ["--help"]])
def test_whoever_reads_may_stop(words: list[str]):
    """`berrypick --help | head -1`: no traceback."""
    script = f"from berrypick.cli.main import main; import sys; sys.exit(main({words}))"
    with subprocess.Popen([sys.executable, "-P", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as made:
        assert made.stdout and made.stderr
        made.stdout.close()
        assert made.stderr.read() == b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grpoo"], "unknown method 'grpoo'; did you mean 'grpo'"),
        (["kl_cov(ratio=1e+3)+fitnes_sharing"], "did you mean 'fitness_sharing'"),
        (["grpo", "--env", "berrypick/Almanak-v0"], "berrypick/Almanac-v0"),
        (["critique_grpo", "--critic", "stepps:x"], "did you mean 'steps'"),
        (["grpo", "--lr", "0"], "'lr': must be positive and finite"),
        (["grpo", "--option", "worlds"], "must be KEY=VALUE"),
    ],
)
def test_mistakes_in_training_are_told_before_torch_is_loaded(words: list[str], said: str, tmp_path: Path):
    script = (
        f"import sys; from berrypick.cli.main import main; code = main({['train', *words]!r}); "
        "sys.exit(code if 'torch' not in sys.modules else 'torch was imported')"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr
    assert list(tmp_path.iterdir()) == []
