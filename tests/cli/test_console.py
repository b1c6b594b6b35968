"""Progress where there is no terminal: a line a step."""

from __future__ import annotations

import pytest

from berrypick.cli import console
from berrypick.cli.console import steps


def test_a_run_that_goes_on_counts_from_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with steps() as start_progress:
        on_progress = start_progress(10)
        on_progress("one")
        on_progress("seventh", 7)
        on_progress("the one behind it")
    assert capsys.readouterr().err.splitlines() == ["1/10 one", "7/10 seventh", "8/10 the one behind it"]


def test_the_time_left_is_told_on_a_pipe_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes a step, and a run that goes on at its ninth."""
    clock = iter(range(0, 10_000, 600))
    monkeypatch.setattr(console.time, "monotonic", lambda: float(next(clock)))
    with console.steps() as start_progress:
        on_progress = start_progress(12)
        on_progress("ninth", 9)
        on_progress("tenth")
        on_progress("twelfth", 12)
    assert capsys.readouterr().err.splitlines() == [
        "9/12 ninth, 30 min left",
        "10/12 tenth, 20 min left",
        "12/12 twelfth",
    ]
    assert console._left(7260) == ", 2 h 1 min left" and console._left(29) == ""
