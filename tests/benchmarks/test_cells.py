"""Which questions a cell asks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from berrypick.benchmarks import cells
from berrypick.benchmarks.suites import Cell
from berrypick.errors import BadInput

CELL = Cell("berrypick/Search-v0", "almanac-tiny", worlds=2, tasks=7)


def test_questions_are_distinct_and_spread_over_worlds():
    tasks = cells.search_env(CELL).tasks
    ids = cells.choose(tasks, 7)
    assert len(set(ids)) == 7 and ids == sorted(ids)
    # 7 over 2 worlds: 4 and 3.
    assert sorted(sum(task % 2 == slot for task in ids) for slot in range(2)) == [3, 4]
    assert {tasks.at(task).slot for task in ids} == {0, 1}


def test_fewer_questions_are_some_of_the_more():
    tasks = cells.search_env(CELL).tasks
    assert set(cells.choose(tasks, 6)) < set(cells.choose(tasks, 12))


def test_questions_are_drawn_not_the_first():
    """The corpus lists questions family by family: the first of them would be one or two families."""
    tasks = cells.search_env(CELL).tasks
    assert max(cells.choose(tasks, 12)) > tasks.count() // 2 > 12


def test_families_are_mixed():
    tasks = cells.search_env(CELL).tasks
    families = {tasks.at(task).question.family for task in cells.choose(tasks, 30)}
    assert families == {"alias", "bridge", "comparison", "intersection", "inverse"}


def test_the_print_of_the_questions_follows_their_audit():
    """The audit decides which questions are asked and which routes are viable."""
    hashes = {"documents.jsonl": "d", "questions.jsonl": "q", "audit.jsonl": "a"}

    def prints(**changed: str) -> dict[str, str]:
        names = {name: changed.get(name.partition(".")[0], value) for name, value in hashes.items()}
        return dict(
            cells.fingerprints(SimpleNamespace(name="x", path=Path("w"), manifest=SimpleNamespace(sha256=names)))
        )

    for part in ("questions", "audit"):
        after = prints(**{part: "new"})
        assert after["questions:x/w"] != prints()["questions:x/w"] and after["documents:x/w"] == "d"


def test_too_many_questions_are_refused():
    with pytest.raises(BadInput, match=r"asks 100000 questions, but almanac-tiny has \d+ in 2 worlds"):
        cells.choose(cells.search_env(CELL).tasks, 100_000)


def test_every_argument_of_the_environment_is_resolved():
    setup = cells.resolved(Cell("berrypick/AlmanacAlias-v0", "almanac-tiny", worlds=3, tasks=1))
    assert setup["corpus"] == "almanac-tiny" and setup["worlds"] == 3 and setup["split"] == "test"
    assert setup["families"] == ["alias"]
    assert (setup["topk"], setup["max_turns"], setup["search_budget"], setup["reward"]) == (3, 10, 6, "exact_match")
