"""Progress where there is no terminal: a line a step."""

from __future__ import annotations

import pytest

from berrypick.cli.console import steps


def test_a_run_that_goes_on_counts_from_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with steps() as start_progress:
        on_progress = start_progress(10)
        on_progress("one")
        on_progress("seventh", 7)
        on_progress("the one behind it")
    assert capsys.readouterr().err.splitlines() == ["1/10 one", "7/10 seventh", "8/10 the one behind it"]
