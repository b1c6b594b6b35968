"""Adaptivity: 0 for scripts and for chance, 1 for who changes exactly after misses."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from berrypick import seeding
from berrypick.benchmarks.metrics.adaptivity import Step, steps
from berrypick.benchmarks.metrics.table import TaskOutcomes, metric
from berrypick.envs.scoring.outcome import Outcome

WAYS = ("open/asked/names:full", "bm25/asked/names:full", "bm25/found/names+words", "dense/asked/whole")
TURNS = 9


def outcome(moves: list[str], shown: list[int], hops: int) -> Outcome:
    seen = (*shown, *[None] * (hops - len(shown)))
    return Outcome(
        em=False, f1=0.0, answered=True, grounded=False, supported=False, hops=hops, hops_found=len(shown),
        first_shown=seen, route=(None,) * hops, strategy=(), raw_moves=(*moves, "answer"), fine=(), evidence=(),
        first_query=None, searches=0, opens=0, invalid=0, tokens=0,
    )  # fmt: skip


def play(
    agent: str, rates: tuple[float, ...], tasks: int = 60, rollouts: int = 16, hops: int = 3
) -> list[TaskOutcomes]:
    """Tasks in which each way hits with a rate of its own until all hops are found."""
    generator = seeding.rng(0, "mixture", len(agent))
    made = []
    for number in range(tasks):
        outcomes = []
        for _ in range(rollouts):
            moves, shown, way = list[str](), list[int](), 0
            for turn in range(TURNS):
                missed = turn > 0 and turn - 1 not in shown
                way = AGENTS[agent](generator, turn, way, missed)
                if generator.random() < rates[way] and len(shown) < hops:
                    shown.append(turn)
                moves.append(WAYS[way])
                if len(shown) == hops:
                    break
            outcomes.append(outcome(moves, shown, hops))
        made.append(TaskOutcomes(0, number, f"q{number:03d}", "bridge", hops, (), tuple(outcomes)))
    return made


AGENTS: dict[str, Callable[[np.random.Generator, int, int, bool], int]] = {
    "one way": lambda rng, turn, way, missed: 1,
    "changes after misses": lambda rng, turn, way, missed: (way + missed) % 4,
    "changes after hits": lambda rng, turn, way, missed: (way + (turn > 0 and not missed)) % 4,
    "draws": lambda rng, turn, way, missed: int(rng.choice(4, p=[0.6, 0.2, 0.15, 0.05])),
    "changes always": lambda rng, turn, way, missed: (way + 1) % 4,
    "after half of the misses": lambda rng, turn, way, missed: (way + (missed and rng.random() < 0.5)) % 4,
}  # fmt: skip
EQUAL, UNEQUAL = (0.4,) * 4, (0.6, 0.3, 0.1, 0.1)


def adaptivity(tasks: list[TaskOutcomes]) -> float:
    found = metric("adaptivity")(tasks)
    assert found is not None
    return found


@pytest.mark.parametrize("rates", [EQUAL, UNEQUAL])
def test_one_way_is_exactly_0_and_changing_exactly_after_misses_1(rates: tuple[float, ...]) -> None:
    assert adaptivity(play("one way", rates)) == 0.0
    assert adaptivity(play("changes after misses", rates)) == pytest.approx(1.0)
    assert adaptivity(play("changes after hits", rates)) < -0.4


def test_independent_draws_are_chance_though_the_usual_way_hits_more_often() -> None:
    tasks = play("draws", UNEQUAL, tasks=400)
    assert adaptivity(tasks) == pytest.approx(0, abs=0.02)
    # What the shuffled steps take away: without them, leaving a way that seldom hits looks like adapting.
    observed, shuffled, weight = metric("adaptivity").rows(tasks).sum(axis=0)
    assert observed / weight > 0.1 and shuffled / weight == pytest.approx(observed / weight, abs=0.02)


def test_a_change_at_every_step_is_no_answer_to_misses() -> None:
    # Not quite 0: what depends on the number of the step alone is no random order. Episodes with many misses are long
    # and come back to the same ways, so that a shuffled miss is followed by its own way more often than a hit is.
    assert adaptivity(play("changes always", EQUAL, tasks=400)) == pytest.approx(0, abs=0.05)


def test_half_adaptive_lies_between() -> None:
    assert 0.3 < adaptivity(play("after half of the misses", EQUAL)) < 0.7


def test_only_searches_and_opens_while_hops_remain_are_steps() -> None:
    moves = [WAYS[0], "invalid", WAYS[1], WAYS[2], WAYS[3]]
    # Both hops are found by turn 3, so the step of turn 4 is padding; the invalid turn is no step.
    first, second, third = (("open", "names:full"), ("bm25", "names:full"), ("bm25", "names+words"))
    assert steps(moves, (0, 3)) == [Step(first, True), Step(second, False), Step(third, True)]
    # A hop that was never found remains to the end.
    assert [step.hit for step in steps(moves, (3, None))] == [False, False, True, False]


def test_searches_after_the_last_hop_change_nothing() -> None:
    """Padding is that, but where an agent gives up; what it does to real agents is in test_promises.py."""
    tasks = [
        msgspec.structs.replace(task, outcomes=tuple(one for one in task.outcomes if None not in one.first_shown))
        for task in play("after half of the misses", EQUAL)
    ]
    padded = [msgspec.structs.replace(task, outcomes=tuple(map(_longer, task.outcomes))) for task in tasks]
    assert adaptivity(tasks) == adaptivity(padded) > 0.3


def _longer(one: Outcome) -> Outcome:
    """Repeats the first query twice before it answers."""
    moves = one.raw_moves[:-1]
    return msgspec.structs.replace(one, raw_moves=(*moves, *moves[:1] * 2, "answer"))
