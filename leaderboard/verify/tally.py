"""Gather what was replayed, and tell what it is worth with the benchmark's own metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from berrypick.benchmarks import cells as playing
from berrypick.benchmarks import dominant_move
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.metrics.table import TaskOutcomes, Value
from berrypick.benchmarks.stats import seeds
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import FAVOURITE, KNOCKOUTS
from berrypick.envs.scoring.moves import STEP, way_of
from berrypick.envs.scoring.outcome import Outcome
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.replay import Job, Replayed
from berrypick.registry import with_argument


class CellScore(NamedTuple):
    """One cell over all seeds; see ``schema.EntryCell``. ``moved`` counts episodes with a drifted step."""

    metrics: dict[str, Value]
    missing: int
    strategies: dict[str, int]
    moved: int


class Score(NamedTuple):
    """What replaying gives.

    Attributes:
        problems: where the record differs, in order; with any, there are neither metrics nor cells.
        metrics: see ``schema.Entry``.
        cells: in order.
        episodes: number of episodes.
        drifted: steps with a dense list in another order than here.
        tokens: sum of what the steps say.
        notes: what a reader should know of the numbers.
    """

    problems: tuple[str, ...]
    metrics: dict[str, Value]
    cells: tuple[CellScore, ...]
    episodes: int
    drifted: int
    tokens: int
    notes: tuple[str, ...] = ()


class Tally:
    """The outcomes so far, by seed and cell.

    Args:
        plan: of the suite.
        run_seeds: seeds of the runs, in order.
        unread: cells that the agent does not read.
    """

    def __init__(self, plan: Plan, run_seeds: Sequence[int], unread: Sequence[int]) -> None:
        self.problems: list[str] = []
        self._plan, self._seeds, self._unread = plan, tuple(run_seeds), unread
        self._outcomes: dict[tuple[int, int], dict[int, tuple[Outcome, ...]]] = {}
        self._moved = Counter[int]()
        self._episodes = self._drifted = self._tokens = 0

    def add(self, seed: int, number: int, job: Job, replayed: Replayed) -> None:
        """Take in one question of one cell."""
        self._outcomes.setdefault((seed, number), {})[job.task] = replayed.outcomes
        self.problems += replayed.problems
        self._episodes += len(job.episodes)
        self._drifted += replayed.drifted
        self._moved[number] += replayed.moved
        self._tokens += replayed.tokens

    def resolved(self, seed: int, number: int) -> Cell:
        """The cell with what ``no_favourite`` refuses filled in; its plain cell must be in by then."""
        cell = self._plan.cells[number]
        if not cell.waits:
            return cell
        return dominant_move.without_favourite(cell, self._tasks(seed, dominant_move.plain_of(self._plan.cells, cell)))

    def score(self) -> Score:
        """What it is all worth; with problems, nothing but them."""
        counts = self._episodes, self._drifted, self._tokens
        if self.problems:
            return Score(tuple(self.problems), {}, (), *counts)
        runs = [[self._run(seed, number) for number in range(len(self._plan.cells))] for seed in self._seeds]
        means = seeds.means(self._plan.cells, runs, self._seeds[0])
        found = (
            CellScore(
                metrics,
                sum(task.errors for run in runs for task in run[number].tasks),
                _strategies([task for run in runs for task in run[number].tasks]),
                self._moved[number],
            )
            for number, metrics in enumerate(means.cells)
        )
        return Score((), means.overall, tuple(found), *counts, tuple(self._in_other_words()))

    def _in_other_words(self) -> list[str]:
        """Cells with successes that rest on the way that they refuse, as what found the evidence tells.

        A query is refused by its form as it is written: with other words around it, it is another one.
        """
        found = []
        for number, cell in enumerate(self._plan.cells):
            if not cell.waits or number in self._unread:
                continue
            successes = same = 0
            for seed in self._seeds:
                refused = _refused(self.resolved(seed, number))
                grounded = [outcome for task in self._tasks(seed, number) for outcome in task.grounded]
                successes += len(grounded)
                same += sum(any(way_of(move) in refused for move in outcome.strategy) for outcome in grounded)
            if same:
                found.append(
                    f"cell {number} ({cell.label}): {same} of {successes} grounded successes rest on what is refused "
                    "there, in other words"
                )
        return found

    def _run(self, seed: int, number: int) -> CellRun:
        setup, tasks = playing.resolved(self.resolved(seed, number)), self._tasks(seed, number)
        return CellRun(number not in self._unread, setup, {}, tasks, (), (), 0.0)

    def _tasks(self, seed: int, number: int) -> tuple[TaskOutcomes, ...]:
        """Every question of a cell; of what is not there, all rollouts have failed."""
        if number in self._unread:
            return ()
        there, tasks = self._outcomes.get((seed, number), {}), self._plan.tasks(number)
        rollouts = self._plan.cells[number].rollouts
        return tuple(
            playing.outcomes_of(number, task, tasks.at(task), there.get(task, ()), rollouts)
            for task in self._plan.questions(number).values()
        )


def _refused(cell: Cell) -> set[tuple[str, str]]:
    """(tool, form) that a cell's knock-outs refuse."""
    return {
        way
        for name in cell.knockouts
        if name != FAVOURITE
        for way in with_argument(KNOCKOUTS, name, "knockouts").refused
    }


def _strategies(tasks: Sequence[TaskOutcomes]) -> dict[str, int]:
    """Grounded successes by strategy."""
    used = Counter(STEP.join(outcome.strategy) for task in tasks for outcome in task.grounded)
    return dict(sorted(used.items()))
