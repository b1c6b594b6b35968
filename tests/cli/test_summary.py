"""The table that ``bench`` prints."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.cli.main import main


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
    monkeypatch.setattr("berrypick.cli.console.OUT._width", 80)
    agents = ["oracle", "scripted:reformulate-on-miss"]
    assert main(["bench", *agents, "--suite", "pair", "--out", str(tmp_path), "--jobs", "1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["agent", "EM", "grounded", "pass@16", "strategies_D2", "searches"] in lines
    assert [line[0] for line in lines[2:8]] == ["in", *agents, "in", *agents]
    assert all(line[1:3] == ["1.00", "1.00"] for line in lines if line[:1] == ["oracle"])


def test_knock_outs_have_a_table_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    plain = Cell("berrypick/Almanac-v0", "almanac-tiny", worlds=1, tasks=12, rollouts=1)
    cells = (plain, *(msgspec.structs.replace(plain, knockouts=(name,)) for name in ("no_open", "no_bm25")))
    monkeypatch.setitem(SUITES._rows, "closed", cells)
    monkeypatch.setitem(SUITES._help, "closed", "for tests")
    monkeypatch.setattr("berrypick.cli.console.OUT._width", 80)
    agents = ["scripted:dense-first", "scripted:names+words"]
    assert main(["bench", *agents, "--suite", "closed", "--out", str(tmp_path), "--jobs", "1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines].count("in") == 1, "only the plain cell is shown"
    start = lines.index(["agent", "resilience", "worst", "resilience", "EM", "there", "worst_knockout"])
    rows = {line[0]: line[1:] for line in lines[start:] if line[:1] and line[0] in agents}
    # One searches with dense alone, so that neither change matters; the other with bm25 alone.
    assert rows["scripted:dense-first"][:2] == ["1.00", "1.00"]
    assert rows["scripted:names+words"] == ["0.50", "0.00", "0.00", "no_bm25"]
