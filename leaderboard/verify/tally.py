"""Gather what was replayed, and tell what it is worth with the benchmark's own metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from berrypick.benchmarks import cells as playing
from berrypick.benchmarks import dominant_move
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.metrics.table import TaskOutcomes, Value
from berrypick.benchmarks.stats import seeds
from berrypick.benchmarks.suites import Cell
from berrypick.envs.perturbations.knockouts import KNOCKOUTS, is_dominant_move
from berrypick.envs.scoring.moves import STEP, way_of
from berrypick.envs.scoring.outcome import Outcome
from berrypick.leaderboard.episodes import EXACT
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.replay import Job, Replayed
from berrypick.registry import with_argument


class CellScore(NamedTuple):
    """One cell over all seeds.

    Attributes:
        metrics: see ``schema.EntryCell``.
        missing: see ``schema.EntryCell``.
        strategies: see ``schema.EntryCell``.
        right: see ``schema.EntryCell``.
        moved: episodes that may have gone otherwise on another machine, because of a dense list.
    """

    metrics: dict[str, Value]
    missing: int
    strategies: dict[str, int]
    right: tuple[int, ...]
    moved: int


class Score(NamedTuple):
    """What a submission's episodes are worth.

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
        """The cell with what ``no_dominant_move`` refuses filled in; its plain cell must be in by then."""
        cell = self._plan.cells[number]
        if not cell.waits:
            return cell
        return dominant_move.without_dominant_move(
            cell, self._tasks(seed, dominant_move.plain_of(self._plan.cells, cell))
        )

    def score(self) -> Score:
        """What it is all worth; with problems, nothing but them."""
        counts = self._episodes, self._drifted, self._tokens
        if self.problems:
            return Score(tuple(self.problems), {}, (), *counts)
        runs = [[self._run(seed, number) for number in range(len(self._plan.cells))] for seed in self._seeds]
        metrics, found = worth(self._plan, runs, self._seeds[0], self._moved)
        return Score((), metrics, found, *counts, tuple(in_other_words(self._plan, runs)))

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


def worth(
    plan: Plan, runs: Sequence[Sequence[CellRun]], seed: int, moved: Mapping[int, int]
) -> tuple[dict[str, Value], tuple[CellScore, ...]]:
    """Compute the metrics of some runs, overall and cell by cell.

    Args:
        plan: of the suite.
        runs: of each seed its cells, in order.
        seed: of the intervals.
        moved: number of a cell -> see ``CellScore.moved``; 0 where it is missing.
    """
    means = seeds.means(plan.cells, runs, seed)
    found = []
    for number, metrics in enumerate(means.cells):
        tasks = [task for run in runs for task in run[number].tasks]
        missing = sum(task.errors for task in tasks)
        right = _right(tasks) if _is_exact(plan.cells[number], runs[0][number]) else ()
        found.append(CellScore(metrics, missing, _strategies(tasks), right, moved.get(number, 0)))
    return means.overall, tuple(found)


def _is_exact(cell: Cell, run: CellRun) -> bool:
    return cell.plain and run.readable and run.setup["reward"] == EXACT


def _right(tasks: Sequence[TaskOutcomes]) -> tuple[int, ...]:
    """Right answers to each question, over rollouts and seeds, in the order of the questions' ids."""
    counts = Counter[str]()
    for task in tasks:
        counts[task.question_id] += sum(outcome.em for outcome in task.outcomes)
    return tuple(counts[question] for question in sorted(counts))


def in_other_words(plan: Plan, runs: Sequence[Sequence[CellRun]]) -> Iterator[str]:
    """Name the cells with successes that rest on the move that they refuse, as what found the evidence tells.

    A query is refused by its form as it is written: with other words around it, it is another one.
    """
    for number, cell in enumerate(plan.cells):
        if not cell.waits or not runs[0][number].readable:
            continue
        successes = same = 0
        for run in runs:
            refused = _refused(run[number].setup["knockouts"])
            grounded = [outcome for task in run[number].tasks for outcome in task.grounded]
            successes += len(grounded)
            same += sum(any(way_of(move) in refused for move in outcome.strategy) for outcome in grounded)
        if same:
            yield (
                f"cell {number} ({cell.label}): {same} of {successes} grounded successes rest on what is refused "
                "there, in other words"
            )


def _refused(knockouts: Sequence[str]) -> set[tuple[str, str]]:
    """(tool, form) that some knock-outs refuse."""
    return {
        move
        for name in knockouts
        if ":" in name or not is_dominant_move(name)
        for move in with_argument(KNOCKOUTS, name, "knockouts").refused
    }


def _strategies(tasks: Sequence[TaskOutcomes]) -> dict[str, int]:
    """Grounded successes by strategy."""
    used = Counter(STEP.join(outcome.strategy) for task in tasks for outcome in task.grounded)
    return dict(sorted(used.items()))
