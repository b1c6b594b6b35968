"""Play an agent again that anybody can run from its name, in place of keeping its episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from msgspec.structs import replace

from berrypick import agents
from berrypick.benchmarks import cells, dominant_move
from berrypick.benchmarks.cells import CellRun
from berrypick.benchmarks.run import StartProgress
from berrypick.benchmarks.suites import Cell
from berrypick.leaderboard.baselines import BASELINES
from berrypick.leaderboard.recorded import cell_digest, pack
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.pool import processes
from berrypick.leaderboard.verify.replay import has_near_ties
from berrypick.leaderboard.verify.tally import Score, in_other_words, worth

#: Agents that ``verify`` plays: the project's own, which need neither weights nor a network. A name of an entry that is
#: none of these is never given to ``agents.make``.
PLAYABLE: Final = frozenset(BASELINES)


class PlayedAgain(NamedTuple):
    """What playing gives.

    Attributes:
        score: what it is worth; ``drifted`` is 0, ``moved`` counts episodes of cells with another digest.
        digests: of the episodes of each seed's cells, in order.
    """

    score: Score
    digests: tuple[str, ...]


class _Job(NamedTuple):
    """One cell of one run: who plays it, its questions by id, and the digest of the episodes that are expected."""

    agent: str
    cell: Cell
    number: int
    seed: int
    is_unread: bool
    questions: Mapping[str, int]
    digest: str


class _Played(NamedTuple):
    """A cell that was played, without its episodes: their digest, how many there are, their tokens, and near ties."""

    run: CellRun
    digest: str
    episodes: int
    tokens: int
    ties: int


def play(
    plan: Plan,
    agent: str,
    run_seeds: Sequence[int],
    unread: Sequence[int],
    digests: Sequence[str] = (),
    *,
    jobs: int = 1,
    start_progress: StartProgress = lambda total: lambda done: None,
) -> PlayedAgain:
    """Play an agent through a suite.

    Args:
        plan: of the suite.
        agent: one of ``PLAYABLE``.
        run_seeds: seeds of the runs, in order.
        unread: cells that the agent does not read.
        digests: of the episodes that are to come back. In cells that have another one, the episodes are counted that
            another machine may play otherwise, because a dense list of theirs has documents of nearly equal scores.
        jobs: processes.
        start_progress: called once with the number of cells; what it returns is called after each.

    Raises:
        ValueError: the agent is not playable.
    """
    if agent not in PLAYABLE:
        raise ValueError(f"{agent!r} is not played again; playable are {', '.join(sorted(PLAYABLE))}")
    order = list(product(run_seeds, range(len(plan.cells))))
    expected = dict(zip(order, digests, strict=False))
    played: dict[tuple[int, int], _Played] = {}
    tick = start_progress(len(order))
    with processes(jobs) as pool:
        for waits in (False, True):
            keys = [key for key in order if plan.cells[key[1]].waits == waits]
            work = [_job(plan, agent, key, unread, expected.get(key, ""), played) for key in keys]
            for key, one in zip(keys, map(_play, work) if pool is None else pool.map(_play, work), strict=True):
                played[key] = one
                tick(f"seed {key[0]}, {plan.cells[key[1]].label}")
    runs = [[played[seed, number].run for number in range(len(plan.cells))] for seed in run_seeds]
    moved = Counter[int]()
    for (_, number), one in played.items():
        moved[number] += one.ties
    metrics, found = worth(plan, runs, run_seeds[0], moved)
    episodes, tokens = (sum(getattr(one, name) for one in played.values()) for name in ("episodes", "tokens"))
    score = Score((), metrics, found, episodes, 0, tokens, tuple(in_other_words(plan, runs)))
    return PlayedAgain(score, tuple(played[key].digest for key in order))


def _job(
    plan: Plan,
    agent: str,
    key: tuple[int, int],
    unread: Sequence[int],
    digest: str,
    played: Mapping[tuple[int, int], _Played],
) -> _Job:
    seed, number = key
    cell, is_unread = plan.cells[number], number in unread
    if cell.waits and not is_unread:
        plain = played[seed, dominant_move.plain_of(plan.cells, cell)]
        cell = dominant_move.without_dominant_move(cell, plain.run.tasks)
    return _Job(agent, cell, number, seed, is_unread, {} if is_unread else plan.questions(number), digest)


def _play(job: _Job) -> _Played:
    if job.is_unread:
        return _Played(CellRun(False, cells.resolved(job.cell), {}, (), (), (), 0.0), cell_digest(()), 0, 0, 0)
    run = cells.play(agents.make(job.agent), job.cell, job.number, job.seed)
    episodes = [pack(episode, job.seed) for episode in run.episodes]
    digest = cell_digest(episodes)
    ties = 0
    if job.digest not in ("", digest):
        ties = sum(has_near_ties(job.cell, job.seed, job.questions[one.question_id], one) for one in episodes)
    tokens = sum(sum(one.tokens) for one in episodes)
    return _Played(replace(run, episodes=()), digest, len(episodes), tokens, ties)
