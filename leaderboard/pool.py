"""Replay in several processes: few questions at once, results in the order of the questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from berrypick.benchmarks.run import end_quietly
from berrypick.leaderboard.replaying import Job, Replayed, replay


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
    """Replay jobs, at most ``ahead`` at once, and give each with its result, in their order."""
    if pool is None:
        yield from ((job, replay(job)) for job in work)
        return
    waiting = deque[tuple[Job, Future[Replayed]]]()
    for job in work:
        waiting.append((job, pool.submit(replay, job)))
        if len(waiting) > ahead:
            job, future = waiting.popleft()
            yield job, future.result()
    for job, future in waiting:
        yield job, future.result()
