"""Rows to lose: none of the ways to look better than one is improves a headline metric.

A small world, and two knock-outs; each trick is compared with the agent that it is played with, paired over
the questions. "Better" is said where the 95 % interval of the difference excludes 0.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Final

import pytest
from msgspec.structs import replace

from berrypick import agents
from berrypick.agents.adversarial import ADVERSARIAL
from berrypick.benchmarks import cells
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.dominant_move import dominant_move, without_dominant_move
from berrypick.benchmarks.metrics import robustness
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.suites import Cell, cells_of
from berrypick.envs.perturbations.knockouts import PUBLISHED_DOMINANT_MOVE
from berrypick.envs.scoring.moves import way_of

PLAIN: Final = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=45, rollouts=6)
CELLS: Final = (PLAIN, replace(PLAIN, knockouts=("no_open",)), replace(PLAIN, knockouts=(PUBLISHED_DOMINANT_MOVE,)))
TRICKS: Final = [kind for kind in ADVERSARIAL if not ADVERSARIAL[kind].does_pay]
HEADLINES: Final = (
    "EM",
    "grounded",
    "pass@4",
    "strategies_D2",
    "strategies_D1",
    "route_coverage",
    "evidence_diversity",
)
#: One that always goes the same way and is nearly always right, so that diversity stands on enough questions.
ONE_WAY: Final = "scripted:reformulate-on-miss"
MANY_WAYS: Final = "mixture"
#: One that falls to nothing without its dominant move.
NO_OTHER_WAY: Final = "scripted:names-only"


@cache
def played(agent: str) -> tuple[CellRun, ...]:
    runs: list[CellRun] = []
    for number, cell in enumerate(CELLS):
        changed = without_dominant_move(cell, runs[0].tasks) if PUBLISHED_DOMINANT_MOVE in cell.knockouts else cell
        runs.append(cells.play(agents.make(agent), changed, number, 0))
    return tuple(runs)


def tasks(agent: str) -> list[TaskOutcomes]:
    return [task for run in played(agent) for task in run.tasks]


def better(agent: str, than: str) -> list[str]:
    """The headlines in which an agent is better than another.

    Who throws away plain successes keeps a larger share of what is left; that is no gain where less is left.
    """
    found = intervals.compare(tasks(agent), tasks(than), HEADLINES, 0, apart=(1, 2))
    setups = [cell.setup for cell in played(than)]
    kept = [robustness.parts(CELLS, setups, tasks(name)) for name in (agent, than)]
    found |= robustness.compare(kept[0], kept[1], 0)
    assert {"resilience_mean", "resilience_worst"} <= found.keys()
    assert found["EM"].n == 45 and found["resilience_no_favourite"].n > 20
    lost = {name.replace("EM_", "resilience_") for name, difference in found.items() if difference.better == "second"}
    # retained_accuracy divides by the plain accuracy: it is no headline, and whoever loses of that raises it.
    lost |= {name for name in found if name.startswith("retained_accuracy")}
    return [name for name, difference in found.items() if difference.better == "first" and name not in lost]


@pytest.mark.parametrize("inner", [ONE_WAY, MANY_WAYS, NO_OTHER_WAY])
@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_pays(trick: str, inner: str):
    assert better(f"{trick}:{inner}", inner) == []


@pytest.mark.parametrize("trick", [kind for kind in ADVERSARIAL if ADVERSARIAL[kind].does_pay])
def test_what_changes_the_display_makes_ways(trick: str):
    """Said in RULES.md and shown by rows: the one way becomes several, without more accuracy."""
    gains = better(f"{trick}:{ONE_WAY}", ONE_WAY)
    assert "strategies_D2" in gains and not {"EM", "grounded", "pass@4"} & set(gains)
    assert not [name for name in gains if name.startswith("resilience")]


@pytest.mark.parametrize("inner", [ONE_WAY, MANY_WAYS, NO_OTHER_WAY])
def test_idle_searches_do_not_choose_what_is_refused(inner: str):
    plain = tasks(f"decoy:{inner}")[: PLAIN.tasks]
    done = Counter(
        way_of(move) for task in plain for outcome in task.outcomes for move in outcome.raw_moves if "/" in move
    )
    assert max(done, key=done.__getitem__) != dominant_move(plain) == dominant_move(tasks(inner)[: PLAIN.tasks])


@pytest.mark.parametrize("trick", TRICKS)
def test_adaptivity_moves_little(trick: str):
    """It is no headline: a stuck agent that asks at random does change its way after a miss, and gains hundredths."""
    found = intervals.compare(tasks(f"{trick}:{MANY_WAYS}"), tasks(MANY_WAYS), ("adaptivity",), 0, apart=(1, 2))
    gain = found["adaptivity"].value
    assert found["adaptivity"].n == 45 and gain is not None and gain < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("trick", ["padded", "noisy", "cosmetic"])
def test_many_ways_are_not_made_more(trick: str):
    """The cell of suite `quick`: as many questions and attempts as it takes to count ways that seldom succeed."""
    cell = cells_of("quick")[0]
    inner, tricky = (cells.play(agents.make(name), cell, 0, 0).tasks for name in (MANY_WAYS, f"{trick}:{MANY_WAYS}"))
    found = intervals.compare(tricky, inner, ("strategies_D2", "route_coverage"), 0)
    assert all(difference.n >= 30 for difference in found.values())
    assert [name for name, difference in found.items() if difference.better == "first"] == []


@pytest.mark.parametrize("floor", ["random", "closed_book"])
def test_neither_random_queries_nor_answers_without_searching_pay(floor: str):
    """Nothing is better than a script's, and what needs successes stays blank."""
    assert better(floor, "scripted:names-only") == []
    values = intervals.summarise(tasks(floor), ("EM", "strategies_D2", "route_coverage"), 0, apart=(1, 2)).overall
    right, ways, routes = values["EM"].value, values["strategies_D2"].value, values["route_coverage"].value
    assert right is not None and right <= 0.05 and ways is None and routes is not None and routes <= 0.05


def test_one_way_in_other_words_is_one_way():
    """The plainest count of all: what is one way stays one way, however its queries are written."""
    measured = intervals.summarise(tasks(f"cosmetic:{ONE_WAY}"), ("strategies_D2", "EM"), 0, apart=(1, 2)).overall
    assert measured["strategies_D2"].value == 1.0
    first, again = (
        {step.action for episode in played(agent)[0].episodes for step in episode.steps}
        for agent in (ONE_WAY, f"cosmetic:{ONE_WAY}")
    )
    assert len(again) > 2 * len(first)  # it did write otherwise


def test_a_shotgun_hits_nothing():
    """The answer of `scripted:reformulate-on-miss` with every name shown: EM falls from nearly all to nearly none."""
    before, after = (
        intervals.summarise(tasks(agent), ("EM",), 0, apart=(1, 2)).overall["EM"].value
        for agent in (ONE_WAY, f"shotgun:{ONE_WAY}")
    )
    assert before is not None and after is not None and before > 0.8 and after < 0.1
