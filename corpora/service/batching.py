"""Batches across requests: what arrives while a search runs is searched together next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Final, Generic, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")

#: Jobs that are run together at most.
MOST_TOGETHER: Final = 256


class Overloaded(RuntimeError):
    """More jobs wait than may; the caller should try again later."""


class Batcher(Generic[Job, Answer]):
    """Runs jobs of many coroutines in batches, one batch at a time. A lone job waits for nothing.

    Args:
        run: answers a list of jobs, in order; an exception fails every job of the list.
        executor: where ``run`` runs; None runs it in the event loop, for work that is over sooner than a thread starts.
        waiting: jobs that may wait.
        on_batch: told the size of every batch that ran.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Job]], Sequence[Answer]],
        executor: Executor | None,
        waiting: int = 4096,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._run, self._executor, self._limit, self._on_batch = run, executor, waiting, on_batch
        self._waiting: list[tuple[Job, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, job: Job) -> Answer:
        """Run one job, with whatever else waits.

        Raises:
            Overloaded: too many jobs wait.
        """
        if len(self._waiting) >= self._limit:
            raise Overloaded(f"{self._limit} requests wait already")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            outcome: Any
            try:
                jobs = [job for job, _ in batch]
                if self._executor is None:
                    outcome = self._run(jobs)
                    await asyncio.sleep(0)  # let answers go out and requests come in
                else:
                    outcome = await loop.run_in_executor(self._executor, self._run, jobs)
            except Exception as error:
                outcome = error
            self._on_batch(len(batch))
            _settle([future for _, future in batch], outcome)


def _settle(futures: Sequence[asyncio.Future[Any]], outcome: Any) -> None:
    for index, future in enumerate(futures):
        if future.done():  # its caller is gone
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome[index])
