"""``berrypick study reflect``: the table, the file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks.studies.r3.ranking import Reflected
from berrypick.cli.main import main

TINY = ["--option", "corpus=almanac-tiny", "worlds=1", "--questions", "3", "--group-size", "2"]


def test_it_prints_a_table_a_split_and_writes_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "reflected.json"
    assert main(["study", "reflect", "tiny-diverse", *TINY, "--out", str(path)]) == 0
    captured = capsys.readouterr()
    found = msgspec.json.decode(path.read_bytes(), type=Reflected)
    assert (found.policy, found.groups, found.size, len(found.weights)) == ("tiny-diverse", 3, 2, 64)
    assert found.provenance.command.startswith(
        "berrypick study reflect tiny-diverse --split train dev --questions 3 --group-size 2"
    )
    assert [each.split for each in found.splits] == ["train", "dev"]
    assert all(each.questions == 3 and 0 <= each.spared <= 1 for each in found.splits)
    # Answers are likelier behind reasoning of their own: some deviate, and not all as much behind another's.
    assert all(each.sigma.value != each.sigma_elsewhere.value for each in found.splits)
    assert sum(line.startswith("largest sigma") for line in captured.out.splitlines()) == 2
    assert f"Numbers: {path}" in captured.out and "2/2 dev: 3 questions" in captured.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--questions", "1"], "'questions': must be at least 2, got 1"),
        (["--group-size", "1"], "'group_size': must be at least 2, got 1"),
        (["--env", "berrypick/AlmanacDiscrete-v0"], "has to be in words"),
        (["--split", "dev", "dev"], "'split': must be one at least, each once; got dev, dev"),
        (["--split", "tset"], "test"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(
    words: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["study", "reflect", "tiny-diverse", *words, "--out", str(tmp_path / "x.json")]) == 2
    assert reason in capsys.readouterr().err and not list(tmp_path.iterdir())
