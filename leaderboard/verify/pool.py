"""Replay in several processes: few questions at once, results in the order of the questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

from berrypick.benchmarks.executor import end_quietly
from berrypick.leaderboard.verify.replay import Job, Replayed, replay

#: Characters of the actions of all jobs that wait.
HELD: Final = 2**24


@contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """A pool of processes, None where this one is enough; what still waits when the block raises is dropped."""
    if jobs == 1:
        yield None
        return
    # spawn: the engines' threads do not survive a fork.
    with ProcessPoolExecutor(jobs, get_context("spawn"), end_quietly) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def in_order(pool: Executor | None, work: Iterable[Job], ahead: int) -> Iterator[tuple[Job, Replayed]]:
    """Replay jobs and give each with its result, in their order.

    Args:
        pool: processes, None for this one.
        work: jobs.
        ahead: how many wait at most; fewer where their actions have more than ``HELD`` characters, but always one.
    """
    if pool is None:
        yield from ((job, replay(job)) for job in work)
        return
    waiting = deque[tuple[Job, Future[Replayed]]]()
    for job in work:
        waiting.append((job, pool.submit(replay, job)))
        while len(waiting) > ahead or (len(waiting) > 1 and sum(_size(each) for each, _ in waiting) > HELD):
            job, future = waiting.popleft()
            yield job, future.result()
    for job, future in waiting:
        yield job, future.result()


def _size(job: Job) -> int:
    """Characters of its actions."""
    return sum(len(action) for _, episode, _ in job.episodes for action in episode.actions)
