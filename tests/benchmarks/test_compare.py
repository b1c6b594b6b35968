"""Comparisons: paired, refused where runs were asked different things, and silent where nothing is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from berrypick.benchmarks import result
from berrypick.benchmarks.compare import compare
from berrypick.benchmarks.metrics import TaskOutcomes
from berrypick.benchmarks.result import Result
from berrypick.envs.outcome import Outcome
from berrypick.errors import BadInput


def outcome(right: bool) -> Outcome:
    known: dict[str, Any] = {
        "em": right, "f1": float(right), "answered": True, "grounded": right, "supported": right, "hops": 2,
        "hops_found": 2 * right, "first_shown": (0, 1), "route": ("profile", "profile"), "strategy": ("answer",),
        "raw_moves": ("answer",), "fine": ("answer",), "evidence": (), "first_query": "x", "searches": 2, "opens": 0,
        "invalid": 0, "tokens": 3,
    }  # fmt: skip
    return Outcome(**known)


def tasks(right: int, count: int = 40) -> list[TaskOutcomes]:
    """``count`` questions of two rollouts, of which the first ``right`` questions are always right."""
    return [
        TaskOutcomes(0, i, f"q{i:02d}", "bridge", 2, (), (outcome(i < right), outcome(i < right))) for i in range(count)
    ]


@pytest.fixture
def write(make_result: Callable[..., Result], tmp_path: Path) -> Callable[..., Path]:
    def made(name: str, rows: list[TaskOutcomes], **changes: Any) -> Path:
        run = make_result(name, 0.5)
        config = msgspec.structs.replace(run.config, sources={"scorer": changes.pop("scorer", "s")})
        prints = {"questions:x": changes.pop("questions", "q")}
        source = msgspec.structs.replace(run.provenance, fingerprints=prints)
        run = msgspec.structs.replace(run, config=config, provenance=source)
        result.write(tmp_path / name, run, [], rows)
        return tmp_path / name

    return made


def test_a_difference_is_paired_and_named(write: Callable[..., Path]):
    found = compare(write("good", tasks(30)), write("poor", tasks(10)))
    row = found.differences["EM"]
    # 30/40 - 10/40; every question of the poor one is right in the good one too.
    assert row.value == pytest.approx(0.5) and row.n == 40
    assert row.low is not None and row.low > 0 and row.better == "first"
    assert (found.first.agent, found.second.agent) == ("good", "poor")


def test_equal_runs_differ_in_nothing(write: Callable[..., Path]):
    row = compare(write("a", tasks(20)), write("b", tasks(20))).differences["EM"]
    assert (row.value, row.better) == (0.0, "")


def test_only_questions_of_both_count(write: Callable[..., Path]):
    assert compare(write("a", tasks(20, 40)), write("b", tasks(20, 25))).differences["EM"].n == 25


@pytest.mark.parametrize(("change", "what"), [({"scorer": "new"}, "scorer"), ({"questions": "new"}, "questions:x")])
def test_runs_that_cannot_be_compared_are_refused(write: Callable[..., Path], change: dict[str, str], what: str):
    with pytest.raises(BadInput, match=f"{what}: differs between the two runs"):
        compare(write("a", tasks(20)), write("b", tasks(20), **change))


def test_runs_of_other_cells_are_refused(write: Callable[..., Path], tmp_path: Path):
    first, second = write("a", tasks(20)), write("b", tasks(20))
    run = result.read(second)
    cells = (msgspec.structs.replace(run.config.cells[0], tasks=59), *run.config.cells[1:])
    config = msgspec.structs.replace(run.config, cells=cells)
    result.write(second, msgspec.structs.replace(run, config=config), [], tasks(20))
    with pytest.raises(BadInput, match="cells of the suite: differs between the two runs"):
        compare(first, second)


def test_changed_cells_are_left_out(write: Callable[..., Path]):
    """Cell 1 has a fault: what happens there is no part of the difference."""
    faulty = [msgspec.structs.replace(task, cell=1) for task in tasks(0)]
    healthy = [msgspec.structs.replace(task, cell=1) for task in tasks(40)]
    folders = [write("a", tasks(20) + faulty), write("b", tasks(20) + healthy)]
    assert compare(*folders).differences["EM"].value == pytest.approx(-0.5)
    for folder, rows in zip(folders, (tasks(20) + faulty, tasks(20) + healthy), strict=True):
        run = result.read(folder)
        cells = (run.config.cells[0], msgspec.structs.replace(run.config.cells[1], faults=("empty",)))
        config = msgspec.structs.replace(run.config, cells=cells)
        result.write(folder, msgspec.structs.replace(run, config=config), [], rows)
    row = compare(*folders).differences["EM"]
    assert (row.value, row.n) == (0.0, 40)


def test_a_folder_without_a_run_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"result\.json.*berrypick bench"):
        compare(tmp_path, tmp_path)
