"""Where the episodes of a policy fail: before the evidence, after it, or on the form of an action.

Every episode belongs to one class. Shares are over all episodes, right ones too; their intervals resample questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from berrypick.agents.base import Agent
from berrypick.agents.rollout import Failure, rollout
from berrypick.benchmarks import cells, result
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import Result
from berrypick.benchmarks.stats import bootstrap
from berrypick.benchmarks.suites import Cell
from berrypick.envs.actions import Search
from berrypick.envs.perturbations.faults import rollout_seed
from berrypick.envs.scoring.moves import Context
from berrypick.envs.scoring.progress import first_shown
from berrypick.envs.scoring.query_forms import lexicon
from berrypick.envs.scoring.rewards import match
from berrypick.envs.scoring.trace import Trace
from berrypick.errors import BadInput

RIGHT: Final = "right, evidence complete"
LUCKY: Final = "right, evidence missing"
BUDGET: Final = "no answer: turns or searches ran out"
MISSING: Final = "evidence missing, answer wrong"
WRONG: Final = "evidence complete, answer wrong"
FAILED: Final = "the agent failed"
#: Parts of a class.
UNSEEN, INVALID = "with a query naming what was never displayed", "with an invalid action"
#: The classes of episodes, in the order of the table.
CLASSES: Final = (RIGHT, LUCKY, MISSING, WRONG, BUDGET, FAILED)
#: Number of the bootstrap's stream.
_STREAM: Final = 0


class Case(NamedTuple):
    """One episode.

    Attributes:
        question: its question, with its cell where there are several.
        family: kind of question.
        outcome: one of ``CLASSES``.
        has_unseen_name: a query holds a name that neither the question nor any text displayed before has.
        has_invalid: a turn was no valid action.
    """

    question: str
    family: str
    outcome: str
    has_unseen_name: bool = False
    has_invalid: bool = False


class Line(NamedTuple):
    """A line of the table: a share of episodes, with its interval; ``level`` 1 is a part of the line above."""

    name: str
    share: Value
    episodes: int
    level: int = 0


def case(trace: Trace, question: str) -> Case:
    """Classify a finished episode."""
    sightings = first_shown(trace.question, trace.corpus, trace.turns)
    complete = bool(sightings) and None not in sightings
    if trace.answer is None:
        outcome = BUDGET
    elif match(trace.answer, trace.question.answers):
        outcome = RIGHT if complete else LUCKY
    else:
        outcome = WRONG if complete else MISSING
    invalid = any(not turn.valid for turn in trace.turns)
    return Case(question, trace.question.family, outcome, has_unseen_name(trace), invalid)


def has_unseen_name(trace: Trace) -> bool:
    """Whether a query of an episode holds a name that was neither asked nor displayed before it.

    Single letters are left out: an initial stands for a name read in full.
    """
    context = Context(lexicon(trace.corpus), trace.question.text)
    for turn in trace.turns:
        if isinstance(turn.action, Search):
            names = {word for word in context.query(turn.action.query).names if len(word) > 1}
            if names - context.asked - context.found:
                return True
        context.see(turn)
    return False


def replayed(folder: Path) -> Iterator[Case]:
    """Classify the episodes of a recorded run in its plain cells; their actions are played again.

    Raises:
        BadInput: there is no run.
    """
    run = result.read(folder)
    plain = [number for number, cell in enumerate(run.cells) if cell.plain and cell.readable]
    envs = {number: cells.replay_env(run.cells[number]) for number in plain}
    for episode in result.read_episodes(folder):
        if episode.cell not in envs:
            continue
        name = _name(run, episode.cell, episode.question_id, len(plain))
        env = envs[episode.cell]
        env.reset(seed=rollout_seed(run.seed, episode.rollout), options={"question_id": episode.question_id})
        if episode.status != "ok":
            yield Case(name, env.trace.question.family, FAILED)
            continue
        for step in episode.steps:
            env.step(step.action)
        yield case(env.trace, name)


def _name(run: Result, cell: int, question: str, count: int) -> str:
    return question if count == 1 else f"{run.cells[cell].label} {question}"


def played(
    agent: Agent, suite_cells: Sequence[Cell], seed: int, on_progress: Callable[[str], None] = lambda done: None
) -> Iterator[Case]:
    """Play an agent in the plain cells of a suite, and classify its episodes.

    Args:
        agent: who plays.
        suite_cells: cells of a suite; others than plain ones are left out.
        seed: of the agent's sampling.
        on_progress: called after each cell with its label.
    """
    plain = [cell for cell in suite_cells if cell.plain]
    for number, cell in enumerate(plain):
        before = f"{cell.label} " if len(plain) > 1 else ""
        env, failures = cells.search_env(cell), list[Failure]()
        ids = cells.choose(env.tasks, cell.tasks)
        make = partial(cells.make_env, cell)
        for episode, trace in rollout(agent, make, ids, cell.rollouts, seed, cell=number, failures=failures):
            name = before + trace.question.id
            ended = episode.status == "ok"
            yield case(trace, name) if ended else Case(name, trace.question.family, FAILED)
        on_progress(cell.label)


def table(cases: Iterable[Case], seed: int = 0) -> list[Line]:
    """Put classified episodes into a table; parts of a class and ``FAILED`` have a line where there are any.

    Args:
        cases: of any number of questions.
        seed: of the resampling.

    Raises:
        BadInput: there is no episode.
    """
    found = list(cases)
    if not found:
        raise BadInput("no episode to classify: the agent reads none of the plain cells", field="POLICY")
    lines = []
    for name, level, holds in _parts(sorted({one.family for one in found})):
        episodes = [holds(one) for one in found]
        if level == 0 or any(episodes):
            lines.append(Line(name, _share(found, episodes, seed), sum(episodes), level))
    return [line for line in lines if line.name != FAILED or line.episodes]


def _parts(families: Sequence[str]) -> Iterator[tuple[str, int, Callable[[Case], bool]]]:
    """Name, level and condition of each line."""
    for outcome in CLASSES:
        yield outcome, 0, partial(_is, outcome)
        if outcome == MISSING:
            yield UNSEEN, 1, lambda one: one.outcome == MISSING and one.has_unseen_name
        elif outcome == WRONG:
            yield from ((family, 1, partial(_is, WRONG, family=family)) for family in families)
        elif outcome == BUDGET:
            yield INVALID, 1, lambda one: one.outcome == BUDGET and one.has_invalid
    yield f"of all: {INVALID}", 0, lambda one: one.has_invalid
    yield f"of all: {UNSEEN}", 0, lambda one: one.has_unseen_name


def _is(outcome: str, one: Case, family: str = "") -> bool:
    return one.outcome == outcome and family in ("", one.family)


def _share(found: Sequence[Case], episodes: Sequence[bool], seed: int) -> Value:
    of_question: dict[str, list[bool]] = {}
    for one, holds in zip(found, episodes, strict=True):
        of_question.setdefault(one.question, []).append(holds)
    rows = np.array([(sum(own), len(own)) for _, own in sorted(of_question.items())], dtype=np.float64)
    weights = bootstrap.draw(len(rows), seed, _STREAM)
    return bootstrap.value(bootstrap.estimate(lambda means: means[..., 0] / means[..., 1], rows, weights))
