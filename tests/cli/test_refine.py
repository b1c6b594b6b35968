"""``berrypick study refine``: the table, the file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks.studies.critique.run import Refined
from berrypick.cli.main import main

TINY = ["--option", "corpus=almanac-tiny", "worlds=1", "--questions", "2", "--group-size", "1"]


def test_it_prints_a_table_a_split_and_writes_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "refined.json"
    assert main(["study", "refine", "tiny-diverse", *TINY, "--critics", "steps", "empty", "--out", str(path)]) == 0
    captured = capsys.readouterr()
    found = msgspec.json.decode(path.read_bytes(), type=Refined)
    assert (found.policy, found.groups, found.size, found.critics) == ("tiny-diverse", 2, 1, ("steps", "empty"))
    assert [tried.split for tried in found.splits] == ["train", "dev"] and len(found.weights) == 64
    assert found.provenance.command.startswith(
        "berrypick study refine tiny-diverse --split train dev --questions 2 --group-size 1"
    )
    assert all(tried.attempts == 2 and set(tried.kinds) == {"plain", "steps", "empty"} for tried in found.splits)
    lines = captured.out.splitlines()
    assert sum(line.startswith(("train: ", "dev: ")) for line in lines) == 2
    assert sum(line.split()[:1] == ["steps"] for line in lines) == 2 and f"Numbers: {path}" in captured.out
    assert "8/8 dev: empty" in captured.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--critics", "stepps"], "unknown critic 'stepps'; did you mean 'steps'"),
        (["--critics", "steps", "steps"], "'critics': must be one at least, each once; got steps, steps"),
        (["--questions", "1"], "'questions': must be at least 2, got 1"),
        (["--group-size", "0"], "'group_size': must be at least 1, got 0"),
        (["--env", "berrypick/AlmanacDiscrete-v0"], "has to be in words"),
        (["--split", "tset"], "test"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(
    words: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["study", "refine", "tiny-diverse", *words, "--out", str(tmp_path / "x.json")]) == 2
    assert reason in capsys.readouterr().err and not list(tmp_path.iterdir())
