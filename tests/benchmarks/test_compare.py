"""Comparisons: paired, refused where runs were asked different things, and silent where nothing is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from berrypick import seeding
from berrypick.benchmarks import result
from berrypick.benchmarks.compare import OF_SUCCESSES, compare, match
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.versions import Contract
from berrypick.envs.scoring.outcome import Outcome
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
        sources, contract = {"scorer": changes.pop("source", "s")}, Contract(scorer=changes.pop("scorer", 1))
        config = msgspec.structs.replace(run.config, sources=sources, contract=contract)
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


def test_other_source_code_of_one_version_is_compared(write: Callable[..., Path]):
    assert compare(write("a", tasks(20)), write("b", tasks(20), source="refactored")).differences["EM"].value == 0.0


@pytest.mark.parametrize(
    ("change", "what"),
    [({"scorer": 2}, "versions of suite, protocol and scorer"), ({"questions": "new"}, "questions:x")],
)
def test_runs_that_cannot_be_compared_are_refused(write: Callable[..., Path], change: dict[str, Any], what: str):
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


def test_knockouts_are_compared_by_resilience(write: Callable[..., Path]):
    """Cell 1 lacks profiles; the first run keeps every question, the second half of them."""
    folders = []
    for name, right in (("a", 40), ("b", 20)):
        rows = tasks(40) + [msgspec.structs.replace(task, cell=1) for task in tasks(right)]
        folders.append(write(name, rows))
        run = result.read(folders[-1])
        setups = [
            msgspec.structs.replace(cell, setup={"knockouts": names})
            for cell, names in zip(run.cells, ([], ["no_profile"]), strict=True)
        ]
        cells = (run.config.cells[0], msgspec.structs.replace(run.config.cells[0], knockouts=("no_profile",)))
        config = msgspec.structs.replace(run.config, cells=cells)
        result.write(folders[-1], msgspec.structs.replace(run, config=config, cells=tuple(setups)), [], rows)
    rows = compare(*folders).differences
    for name in ("resilience_no_profile", "EM_no_profile", "resilience_mean", "resilience_worst"):
        assert (rows[name].value, rows[name].better) == (0.5, "first"), name
    assert rows["EM"].value == 0.0
    assert compare(*folders).questions == 40
    matched = compare(*folders, matched=True)
    assert set(matched.differences) == set(OF_SUCCESSES) and matched.questions == 40


def ways(strategies: str, right: int, number: int = 0) -> TaskOutcomes:
    """A question whose first rollouts are right, by these strategies in turn."""
    each = [
        msgspec.structs.replace(outcome(i < right), strategy=(strategies[i % len(strategies)], "answer"))
        for i in range(16)
    ]
    return TaskOutcomes(0, number, f"q{number:02d}", "bridge", 2, (), tuple(each))


def test_matched_runs_have_equally_many_successes_of_each_question():
    first = [ways("ab", 16, 0), ways("ab", 3, 1), ways("ab", 16, 2), ways("ab", 16, 3)]
    second = [ways("a", 5, 0), ways("a", 16, 1), ways("a", 1, 2)]
    a, b = match(first, second)
    # The third has one success in the second run, the fourth is not in it.
    assert [[len(task.grounded) for task in side] for side in (a, b)] == [[5, 3], [5, 3]]
    assert [one.strategy[0] for one in a[0].outcomes] == list("ababa"), "the first ones are kept"
    assert all(task.rollouts == len(task.grounded) for task in a + b)


def drawn(accuracy: float, stream: int, count: int = 200) -> list[TaskOutcomes]:
    """Strategies drawn with shares .5, .3, .2, right with this chance."""
    generator = seeding.rng(stream, "mixture", round(accuracy * 10))
    made = []
    for number in range(count):
        right, chosen = generator.random(16) < accuracy, generator.choice(3, size=16, p=[0.5, 0.3, 0.2])
        rollouts = (
            msgspec.structs.replace(outcome(bool(ok)), strategy=("abc"[way], "answer"))
            for ok, way in zip(right, chosen, strict=True)
        )
        made.append(TaskOutcomes(0, number, f"q{number:03d}", "bridge", 2, (), tuple(rollouts)))
    return made


def test_a_mixture_does_not_differ_from_itself_at_another_accuracy():
    for name, row in intervals.compare(*match(drawn(0.3, 0), drawn(0.9, 1)), ("strategies_D2", "vendi"), 0).items():
        assert row.low is not None and row.high is not None and row.low <= 0 <= row.high, name
        assert row.n >= 100, "questions with enough successes in both"
    narrow = [ways("a", 16, number) for number in range(200)]
    narrow = [msgspec.structs.replace(task, question_id=f"q{task.task_id:03d}") for task in narrow]
    assert intervals.compare(*match(drawn(0.3, 0), narrow), ("strategies_D2",), 0)["strategies_D2"].better == "first"


def test_permuted_labels_show_no_difference():
    """Rollouts of two unlike runs dealt out at random: 95 % intervals of all metrics hold 0, but for chance."""
    generator = seeding.rng(0, "mixture", 99)
    first, second, missed, told = drawn(0.9, 2), [ways("a", 8, number) for number in range(200)], 0, 0
    for _ in range(10):
        halves: tuple[list[TaskOutcomes], list[TaskOutcomes]] = [], []
        for a, b in zip(first, second, strict=True):
            both = [*a.outcomes, *b.outcomes]
            order = generator.permutation(32)
            for half, indices in zip(halves, (order[:16], order[16:]), strict=True):
                half.append(msgspec.structs.replace(a, outcomes=tuple(both[i] for i in indices)))
        for row in intervals.compare(
            *match(*halves), ("strategies_D2", "strategies_D1", "vendi", "dominant_share"), 0
        ).values():
            told += 1
            missed += row.better != ""
    assert told == 40 and missed <= 6  # 2 expected; the four go together, so that three of ten may be off


def test_a_folder_without_a_run_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"result\.json.*berrypick bench"):
        compare(tmp_path, tmp_path)
