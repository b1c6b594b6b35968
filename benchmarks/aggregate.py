"""Put finished cells together into a result: metrics with their intervals, a row for every question, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from berrypick.benchmarks import provenance
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.metrics import ceilings, robustness
from berrypick.benchmarks.metrics.table import METRICS, TaskOutcomes, Value, metric
from berrypick.benchmarks.result import BLANK, SCHEMA, CellResult, Config, QuestionResult, Result
from berrypick.benchmarks.stats import intervals
from berrypick.benchmarks.suites import Cell
from berrypick.envs.scoring.moves import STEP

#: Metrics that have a value for one question.
QUESTION_METRICS: Final = (
    "EM",
    "F1",
    "grounded",
    "hop_recall",
    "searches",
    "opens",
    "tokens",
    "invalid",
    "unsupported",
)


def assemble(config: Config, played: Sequence[CellRun], times: dict[str, str | float]) -> Result:
    """Compute a run's result.

    Args:
        config: what was run.
        played: its cells, in order.
        times: of the run; the cells' own are added.
    """
    tasks = [task for cell in played for task in cell.tasks]
    apart = [number for number, cell in enumerate(config.cells) if not cell.plain]
    summary = intervals.summarise(tasks, METRICS, config.seed, apart)
    changed = robustness.summarise(robustness.parts(config.cells, [cell.setup for cell in played], tasks), config.seed)
    readable = all(done.readable for number, done in enumerate(played) if number not in apart)
    blank = dict.fromkeys(METRICS, BLANK)
    by_cell = [summary.cells.get(i, blank) | changed.cells.get(i, {}) for i in range(len(played))]
    spent: dict[str, str | float] = {f"cell {i}": cell.seconds for i, cell in enumerate(played)}
    return Result(
        schema=SCHEMA,
        agent=config.agent,
        suite=config.suite,
        seed=config.seed,
        # A mean over the cells that an agent happens to read cannot be compared with a mean over all.
        metrics=(summary.overall if readable else blank) | changed.overall,
        cells=tuple(map(_cell, config.cells, played, by_cell)),
        questions=tuple(_question(task) for task in tasks),
        config=config,
        provenance=provenance.collect(
            # The command that gives this result again: where it is written and how many processes there are is no part.
            _command(config),
            {name: value for cell in played for name, value in cell.fingerprints.items()},
            times | spent,
            _cost(played),
        ),
    )


def _cell(cell: Cell, done: CellRun, metrics: dict[str, Value]) -> CellResult:
    found = CellResult(
        env=cell.env,
        knockouts=cell.knockouts,
        faults=cell.faults,
        tasks=cell.tasks,
        rollouts=cell.rollouts,
        readable=done.readable,
        errors=sum(task.errors for task in done.tasks),
        setup=done.setup,
        metrics=metrics,
    )
    return replace(found, metrics=ceilings.with_share(found))


def _command(config: Config) -> list[str]:
    """The words of the command; the protocol where it is not the default."""
    words = ["berrypick", "bench", config.agent, "--suite", config.suite, "--seed", str(config.seed)]
    others = {cell.protocol for cell in config.cells} - {"tags"}
    words += [word for protocol in sorted(others) for word in ("--protocol", protocol)]
    if config.smoke_test:
        for option, sizes in (
            ("--questions", {cell.tasks for cell in config.cells}),
            ("--rollouts", {cell.rollouts for cell in config.cells}),
        ):
            words += [option, str(*sizes)] if len(sizes) == 1 else []  # cells of several sizes have the suite's
    return words


def _cost(played: Sequence[CellRun]) -> dict[str, float]:
    """What the agent spent, summed over the cells."""
    names = dict.fromkeys(name for cell in played for name in cell.cost)
    return {name: sum(cell.cost.get(name, 0.0) for cell in played) for name in names}


def _question(task: TaskOutcomes) -> QuestionResult:
    used = Counter(STEP.join(outcome.strategy) for outcome in task.grounded)
    return QuestionResult(
        cell=task.cell,
        question_id=task.question_id,
        family=task.family,
        hops=task.hops,
        rollouts=task.rollouts,
        errors=task.errors,
        correct=sum(outcome.em for outcome in task.outcomes),
        rounds=_rounds(task),
        strategies=dict(sorted(used.items())),
        metrics={name: metric(name)([task]) for name in QUESTION_METRICS},
    )


def _rounds(task: TaskOutcomes) -> tuple[int, ...]:
    """Count the right answers by the number of turns before them."""
    turns = [len(outcome.raw_moves) - 1 for outcome in task.outcomes if outcome.em]
    return tuple(turns.count(number) for number in range(max(turns, default=-1) + 1))
