"""Every suite: cells that can be made, questions that exist, the same for everyone."""

from __future__ import annotations

import pytest

from berrypick.agents import AGENTS, make
from berrypick.benchmarks import cells
from berrypick.benchmarks.dominant_move import plain_of
from berrypick.benchmarks.suites import SINGLE, SUITES, Cell, cells_of
from berrypick.corpora import CORPORA
from berrypick.envs import ENVS
from berrypick.envs.perturbations.faults import FAULTS
from berrypick.envs.perturbations.knockouts import KNOCKOUTS, SHIFTS

#: Without what somebody added to the home that the tests run in.
CELLS = [
    pytest.param(cell, id=f"{name}-{cell.label}")
    for name in SUITES
    for cell in cells_of(name)
    if cell.corpus in CORPORA
]


def test_the_suites_are_there():
    assert {"quick", "core"} <= set(SUITES)
    assert [cell.env for cell in cells_of("quick")] == ["berrypick/Almanac-v0", "berrypick/Factbook-v0"]
    assert all(cell.tasks == 60 and cell.rollouts == 16 for cell in cells_of("quick"))
    families = {"Bridge", "Intersection", "Comparison", "Alias", "Inverse"}
    assert {cell.label for cell in cells_of("core")} == {f"Almanac{family}" for family in families} | {"Factbook"}
    assert all(cell.tasks == 200 and cell.rollouts == 16 for cell in cells_of("core"))


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_names_what_exists(cell: Cell):
    assert cell.env in ENVS and cell.corpus in CORPORA
    assert cell.tasks >= 1 and 1 <= cell.rollouts <= 4096
    assert cell.split in ("dev", "test"), "a suite asks nothing that training may have seen"
    assert cells.resolved(cell)["engines"] == ("bm25", "dense")


@pytest.mark.parametrize("suite", list(SUITES))
def test_labels_are_unique_in_a_suite(suite: str):
    labels = [cell.label for cell in cells_of(suite)]
    assert labels and len(labels) == len(set(labels))


@pytest.mark.parametrize("suite", list(SUITES))
def test_somebody_reads_every_cell(suite: str):
    for cell in cells_of(suite):
        assert any(make(name).reads(cell.corpus) for name in AGENTS)


#: Minutes to build; their questions are those of almanac-1k, which the tests of nested corpora assert.
HUGE = ("almanac-100k", "almanac-large")


@pytest.mark.slow
@pytest.mark.parametrize("cell", [param for param in CELLS if param.values[0].corpus not in HUGE])  # type: ignore[attr-defined]
def test_a_cell_has_its_questions(cell: Cell):
    tasks = cells.search_env(cell.bare).tasks
    ids = cells.choose(tasks, cell.tasks)
    assert len(set(ids)) == cell.tasks and ids == cells.choose(tasks, cell.tasks)
    questions = [tasks.at(task).question for task in ids]
    assert len({question.id for question in questions}) == cell.tasks
    assert {question.split for question in questions} == {cell.split}
    per_world = [sum(task % len(tasks.numbers) == slot for task in ids) for slot in range(len(tasks.numbers))]
    assert max(per_world) - min(per_world) <= 1


def test_robust_has_each_of_its_changes_alone_and_the_plain_cell():
    """Which ones belongs to the version of the suite: `test_golden.py` has them written out."""
    changed = [cell.knockouts + cell.faults for cell in cells_of("robust")]
    assert changed[0] == () and all(len(names) == 1 for names in changed[1:])
    kinds = [names[0].partition(":")[0] for names in changed[1:]]
    assert len(set(kinds)) == len(kinds) and {*kinds} <= {*KNOCKOUTS, *FAULTS}
    assert {*SINGLE, *SHIFTS} <= {*kinds}


@pytest.mark.parametrize("cell", [param for param in CELLS if param.values[0].waits])  # type: ignore[attr-defined]
def test_what_waits_has_a_plain_cell_to_wait_for(cell: Cell):
    of = next(suite for suite in SUITES if cell in cells_of(suite))
    plain = cells_of(of)[plain_of(cells_of(of), cell)]
    assert plain.plain and plain == cell.bare
