"""The example of a loop of one's own: submitted and verified by the same commands as a run of the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import replace

from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main


@pytest.fixture
def suite() -> Iterator[str]:
    """A suite of seconds, with what has to be measured before it is refused."""
    cell = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=3, rollouts=2)
    SUITES.add("own-tiny", (cell, replace(cell, knockouts=("no_favourite",))), "for tests")
    yield "own-tiny"
    del SUITES._rows["own-tiny"], SUITES._help["own-tiny"]


def test_three_commands(
    load: Callable[[str], ModuleType], suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    load("own_loop").main(tmp_path / "runs", suite)
    folders = [str(tmp_path / "runs" / str(seed)) for seed in range(3)]
    assert main(["submit", *folders, "--name", "own", "--out", str(tmp_path / "board"), "--jobs", "1"]) == 0
    assert main(["verify", str(tmp_path / "board"), "--jobs", "1"]) == 0
    assert "own: replayed, 36 episodes" in capsys.readouterr().out  # 3 seeds x 2 cells x 3 questions x 2 rollouts
