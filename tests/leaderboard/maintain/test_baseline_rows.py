"""The project's own rows: made once, gone on with, and only where an agent reads something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from berrypick import agents
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.leaderboard.baselines import ANCHORS, BASELINES, name_of
from berrypick.leaderboard.board import groups
from berrypick.leaderboard.maintain import baseline_rows
from berrypick.leaderboard.schema import NAME
from berrypick.leaderboard.verify import submission
from berrypick.registry import UnknownName

TINY = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=2, rollouts=2)


def test_every_own_agent_has_a_name_of_its_own():
    names = [name_of(suite, agent) for suite in ("core", "robust", "real") for agent in BASELINES]
    assert len(set(names)) == len(names)
    assert all(re.match(NAME, name) for name in names)
    assert [agents.make(agent).name for agent in BASELINES] == list(BASELINES)


def test_rows_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second time nothing is played; byname does not read Factbook, and has no row there."""
    monkeypatch.setitem(SUITES._rows, "rows-tiny", (TINY,))
    monkeypatch.setitem(SUITES._rows, "rows-factbook", (Cell("berrypick/Factbook-v0", "factbook", worlds=1, tasks=2),))
    names = ("closed_book", "scripted:byname")

    def made() -> list[tuple[str, bool]]:
        return list(baseline_rows.make(["rows-tiny"], names, tmp_path / "runs", tmp_path / "submissions"))

    both = ["rows-tiny-closed_book", "rows-tiny-scripted-byname"]
    assert made() == [(name, True) for name in both]
    assert made() == [(name, False) for name in both]
    assert list(baseline_rows.make(["rows-factbook"], names[1:], tmp_path, tmp_path)) == []
    (group,) = groups.read(tmp_path / "submissions")
    assert all(row.anchor for row in group.rows) and len(group.rows) == 2
    assert [submission.verify(tmp_path / "submissions" / name).problems for name in both] == [(), ()]


def test_a_killed_run_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed before its submission: the finished cells of its runs are not played again."""
    monkeypatch.setitem(SUITES._rows, "rows-tiny", (TINY,))
    submissions = tmp_path / "submissions"
    with monkeypatch.context() as patch:
        patch.setattr("berrypick.leaderboard.submit.submit", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            list(baseline_rows.make(["rows-tiny"], ["closed_book"], tmp_path, submissions))
    monkeypatch.setattr("berrypick.benchmarks.cells.play", None)
    assert list(baseline_rows.make(["rows-tiny"], ["closed_book"], tmp_path, submissions)) == [
        ("rows-tiny-closed_book", True)
    ]


def test_an_agent_that_is_not_the_projects_is_refused(tmp_path: Path):
    with pytest.raises(UnknownName, match="unknown agent of the project 'mixtrue'; did you mean 'mixture'"):
        baseline_rows.main(tmp_path / "runs", ("quick",), ("mixture", "mixtrue"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_anchors_are_of_the_projects_agents():
    assert set(ANCHORS) < set(BASELINES)
