"""Score episodes by replaying them: the one way in which a submission gets its numbers, and in which they are checked.

Episodes are read once, in order, a question at a time; what is kept of each is its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from berrypick.benchmarks.run import StartProgress
from berrypick.benchmarks.suites import Cell
from berrypick.envs.protocols import ACTION_LIMIT, TOPK_LIMIT
from berrypick.leaderboard.recorded import Line
from berrypick.leaderboard.untrusted import Rejected, plain
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.pool import in_order, processes
from berrypick.leaderboard.verify.replay import Job, Recorded
from berrypick.leaderboard.verify.tally import Tally

#: Differences after which the rest is not looked at.
MOST_PROBLEMS: Final = 20
#: Most tokens of one action.
TOKENS_LIMIT: Final = 2**31
#: Questions that wait for each process.
_AHEAD: Final = 2


def replayed(
    plan: Plan,
    lines: Iterable[Line],
    run_seeds: Sequence[int],
    unread: Sequence[int] = (),
    *,
    jobs: int = 1,
    start_progress: StartProgress = lambda total: lambda done: None,
) -> Tally:
    """Replay the episodes of some runs of a suite, up to ``MOST_PROBLEMS``; ``Tally.score`` says what they are worth.

    An episode that the suite asks for and that is not there counts as a failure.

    Args:
        plan: of the suite.
        lines: the episodes, in order of seed, cell, question and rollout.
        run_seeds: seeds of the runs, in order.
        unread: cells that the agent does not read: blank instead of failed, and without episodes.
        jobs: processes; with more than one, a script must guard its main module as ``multiprocessing`` asks.
        start_progress: called once with the number of cells; what it returns is called after each.

    Raises:
        Rejected: an episode that was not asked for, one that stands twice, or an order that is another.
    """
    tally = Tally(plan, run_seeds, unread)
    on_progress = start_progress(len(run_seeds) * len(plan.cells))
    with processes(jobs) as pool:
        for (seed, number), part in groupby(_asked_for(plan, lines, run_seeds, unread), _cell_of):
            if plan.cells[number].waits and tally.problems:
                continue  # what was refused is measured in the plain cell, and that cannot be trusted any more
            cell = tally.resolved(seed, number)
            for job, done in in_order(pool, _jobs(plan, cell, number, part), jobs * _AHEAD):
                tally.add(seed, number, job, done)
                if len(tally.problems) >= MOST_PROBLEMS:
                    return tally
            on_progress(f"seed {seed}, {plan.cells[number].label}")
    return tally


def _asked_for(plan: Plan, lines: Iterable[Line], run_seeds: Sequence[int], unread: Sequence[int]) -> Iterator[Line]:
    """Pass on the lines that a suite asks for, in order; raises Rejected at any other."""
    last: tuple[int, int, str, int] | None = None
    for line in lines:
        episode = line.episode
        if episode.seed not in run_seeds:
            raise _rejected(line, f"must be one of {', '.join(map(str, run_seeds))}, got {episode.seed}", "seed")
        if not 0 <= episode.cell < len(plan.cells):
            raise _rejected(line, f"suite {plan.suite} has no cell {episode.cell}", "cell")
        if episode.cell in unread:
            raise _rejected(line, f"cell {episode.cell} is said to be unread, but was played", "cell")
        if episode.question_id not in plan.questions(episode.cell):
            asked = plain(repr(episode.question_id))
            raise _rejected(line, f"cell {episode.cell} does not ask {asked}", "question_id")
        rollouts = plan.cells[episode.cell].rollouts
        if not 0 <= episode.rollout < rollouts:
            reason = f"must be from 0 to {rollouts - 1}, got {episode.rollout}: surplus"
            raise _rejected(line, f"{reason} (question {plain(episode.question_id)})", "rollout")
        if reason := _oversize(line, plan.turns(episode.cell)):
            raise _rejected(line, f"question {plain(episode.question_id)}, rollout {episode.rollout}{reason}")
        key = (run_seeds.index(episode.seed), episode.cell, episode.question_id, episode.rollout)
        if last is not None and key <= last:
            what = "" if key == last else ", or out of order (seed, cell, question, rollout)"
            raise _rejected(
                line, f"rollout {episode.rollout} of question {plain(episode.question_id)} is a duplicate{what}"
            )
        last = key
        yield line


def _oversize(line: Line, turns: int) -> str:
    """What is too large in an episode for any environment to have played it, "" for nothing."""
    episode, steps = line.episode, line.stated.steps if line.stated else ()
    if len(episode.actions) > turns:
        return f": {len(episode.actions)} steps, but an episode has {turns} turns"
    for number, (action, tokens) in enumerate(zip(episode.actions, episode.tokens, strict=True), 1):
        if len(action) > ACTION_LIMIT + 1:
            return f", step {number}: the action is longer than {ACTION_LIMIT + 1} characters"
        if not 0 <= tokens <= TOKENS_LIMIT:
            return f", step {number}: tokens must be from 0 to {TOKENS_LIMIT}"
    for number, step in enumerate(steps, 1):
        if max(len(step.doc_ids), len(step.scores)) > TOPK_LIMIT:
            return f", step {number}: more than {TOPK_LIMIT} documents"
    return ""


def _rejected(line: Line, reason: str, field: str | None = None) -> Rejected:
    return Rejected(reason, file=line.file, line=line.number, field=field)


def _cell_of(line: Line) -> tuple[int, int]:
    return line.episode.seed, line.episode.cell


def _jobs(plan: Plan, cell: Cell, number: int, lines: Iterable[Line]) -> Iterator[Job]:
    """The episodes of one cell, question by question."""
    for question, part in groupby(lines, lambda line: line.episode.question_id):
        found = list(part)
        yield Job(
            cell,
            found[0].episode.seed,
            plan.questions(number)[question],
            tuple(Recorded(_place(line), line.episode, line.stated) for line in found),
        )


def _place(line: Line) -> str:
    one = line.episode
    where = f"{line.file}, line {line.number}, seed {one.seed}, cell {one.cell}"
    return f"{where}, question {plain(one.question_id)}, rollout {one.rollout}"
