"""Every suite: cells that can be made, questions that exist, the same for everyone."""

from __future__ import annotations

import pytest

from berrypick.agents import AGENTS, make
from berrypick.benchmarks import cells
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.corpora import CORPORA
from berrypick.envs import ENVS

CELLS = [pytest.param(cell, id=f"{name}-{cell.label}") for name in SUITES for cell in SUITES[name]]


def test_the_suites_are_there():
    assert {"quick", "core"} <= set(SUITES)
    assert [cell.env for cell in SUITES["quick"]] == ["berrypick/Almanac-v0", "berrypick/Factbook-v0"]
    assert all(cell.tasks == 60 and cell.rollouts == 16 for cell in SUITES["quick"])
    families = {"Bridge", "Intersection", "Comparison", "Alias", "Inverse"}
    assert {cell.label for cell in SUITES["core"]} == {f"Almanac{family}" for family in families} | {"Factbook"}
    assert all(cell.tasks == 200 and cell.rollouts == 16 for cell in SUITES["core"])


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_names_what_exists(cell: Cell):
    assert cell.env in ENVS and cell.corpus in CORPORA
    assert cell.tasks >= 1 and 1 <= cell.rollouts <= 4096
    assert cell.split == "test", "a suite asks nothing that training may have seen"
    assert cells.resolved(cell)["engines"] == ("bm25", "dense")


@pytest.mark.parametrize("suite", list(SUITES))
def test_labels_are_unique_in_a_suite(suite: str):
    labels = [cell.label for cell in SUITES[suite]]
    assert labels and len(labels) == len(set(labels))


@pytest.mark.parametrize("suite", list(SUITES))
def test_somebody_reads_every_cell(suite: str):
    for cell in SUITES[suite]:
        assert any(make(name).reads(cell.corpus) for name in AGENTS)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_has_its_questions(cell: Cell):
    tasks = cells.search_env(cell).tasks
    ids = cells.choose(tasks, cell.tasks)
    assert len(set(ids)) == cell.tasks and ids == cells.choose(tasks, cell.tasks)
    questions = [tasks.at(task).question for task in ids]
    assert len({question.id for question in questions}) == cell.tasks
    assert {question.split for question in questions} == {"test"}
    per_world = [sum(task % len(tasks.numbers) == slot for task in ids) for slot in range(len(tasks.numbers))]
    assert max(per_world) - min(per_world) <= 1
