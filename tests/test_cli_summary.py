"""The table that ``bench`` prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli import main


def test_the_table_is_read_whole_in_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Heads stay whole words; each cell has its name above its agents; a number is where its agent and cell are."""
    cells = (
        Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=4, rollouts=2),
        Cell("berrypick/AlmanacAlias-v0", "almanac-tiny", worlds=1, tasks=4, rollouts=2),
    )
    monkeypatch.setitem(SUITES._rows, "pair", cells)
    monkeypatch.setitem(SUITES._help, "pair", "for tests")
    monkeypatch.setattr("berrypick.commands.console.OUT._width", 80)
    agents = ["oracle", "scripted:reformulate-on-miss"]
    assert main(["bench", *agents, "--suite", "pair", "--out", str(tmp_path), "--jobs", "1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["agent", "EM", "grounded", "pass@16", "strategies_D2", "searches"] in lines
    assert [line[0] for line in lines[2:8]] == ["in", *agents, "in", *agents]
    assert all(line[1:3] == ["1.00", "1.00"] for line in lines if line[:1] == ["oracle"])
