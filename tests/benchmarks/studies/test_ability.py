"""Habit at temperature 1, ability at the best temperature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.studies import ability
from berrypick.benchmarks.studies.ability import split_name
from berrypick.cli.main import main
from berrypick.errors import BadInput

Make = Callable[..., Result]


def played(make_result: Make, agent: str, right: float, ways: float) -> Result:
    """A plain cell, and one without opening where half as much is right."""
    run = make_result(agent, right)
    metrics = {"EM": Value(right, right - 0.1, right + 0.1, 60), "pass@4": Value(1 - right, None, None, 60)}
    habit = {"strategies_D2": Value(ways, None, None, 60), "determinism": Value(1 / ways, None, None, 60)}
    plain = replace(run.cells[0], metrics=metrics | habit)
    half = {name: replace(value, value=value.value and value.value / 2) for name, value in metrics.items()}
    return replace(run, cells=(plain, replace(plain, knockouts=("no_open",), metrics=half)))


def test_a_temperature_is_taken_out_of_a_name():
    assert split_name("lm:tiny-even?temperature=0.5") == ("lm:tiny-even", 0.5)
    assert split_name("lm:a/b?seed=1&temperature=1.5&top=2") == ("lm:a/b?seed=1&top=2", 1.5)
    assert split_name("hop_mixture") == ("hop_mixture", 1.0)
    with pytest.raises(BadInput, match="expected a temperature"):
        split_name("lm:x?temperature=warm")


def test_habit_is_at_one_and_ability_at_the_best(make_result: Make):
    made = ((0.5, 0.6, 1.2), (1, 0.4, 2.0))
    runs = [played(make_result, f"lm:x?temperature={t}", right, ways) for t, right, ways in made]
    runs.append(played(make_result, "mixture", 0.3, 3.0))
    policy, other = ability.tables(runs)
    assert (policy.policy, policy.temperatures, other.temperatures) == ("lm:x", (0.5, 1.0), (1.0,))
    (habit,) = policy.habits
    assert (habit.strategies.value, habit.determinism.value) == (2.0, 0.5)
    plain, closed = policy.abilities
    assert (plain.best["EM"].value.value, plain.best["EM"].temperature) == (0.6, 0.5)
    assert (plain.best["pass@4"].value.value, plain.best["pass@4"].temperature) == (0.6, 1.0)
    assert (closed.best["EM"].value.value, closed.cell) == (0.3, f"{plain.cell} no_open")


def test_a_policy_without_temperature_one_has_no_habit(make_result: Make):
    (policy,) = ability.tables([played(make_result, "lm:x?temperature=0.5", 0.6, 1.2)])
    assert policy.habits == [] and len(policy.abilities) == 2


def test_runs_that_cannot_be_put_together_are_named(make_result: Make):
    twice = [played(make_result, "lm:x", 0.6, 1.2)] * 2
    with pytest.raises(BadInput, match="lm:x was run twice at temperature 1; name runs of one seed"):
        ability.tables(twice)
    other = replace(played(make_result, "lm:x?temperature=0.5", 0.6, 1.2), suite="another")
    with pytest.raises(BadInput, match="of different suites"):
        ability.tables([twice[0], other])


def test_the_command_reads_runs_at_any_depth(
    make_result: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("berrypick.cli.console.OUT._width", 120)
    for name, t, right in (("cold", 0.5, 0.6), ("warm", 1.0, 0.4)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        run = played(make_result, f"lm:x?temperature={t}", right, 2.0)
        (folder / result.RESULT).write_bytes(result.canonical(run))
    assert main(["study", "ability", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "0.60  0.50 to 0.70  T=0.5" in shown.out and "2.00" in shown.out
    assert "lm:x: not played at temperature 1.5" in shown.err
    assert main(["study", "ability", str(tmp_path / "runs")]) == 0
    (tmp_path / "empty").mkdir()
    assert main(["study", "ability", str(tmp_path / "empty")]) == 2
