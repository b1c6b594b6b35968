"""How far ahead jobs are read: by number, and by how long their actions are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from berrypick.benchmarks.suites import Cell
from berrypick.leaderboard.recorded import Packed
from berrypick.leaderboard.verify import pool
from berrypick.leaderboard.verify.replay import Job, Recorded, Replayed

CELL = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=1)


class Done(Executor):
    """Replays nothing, at once."""

    def submit(self, replay: Any, job: Job) -> Future[Replayed]:  # type: ignore[override]
        future = Future[Replayed]()
        future.set_result(Replayed((), (), 0, 0, job.task))
        return future


def job(number: int, letters: int) -> Job:
    episode = Packed(2, 0, 0, "q", 0, "ok", ("x" * letters,), (1,), "0" * 8)
    return Job(CELL, 0, number, (Recorded("here", episode, None),))


@pytest.mark.parametrize(("letters", "waiting"), [(1, 4), (4, 2), (6, 1), (99, 1)])
def test_jobs_wait_by_number_and_by_length(letters: int, waiting: int, monkeypatch: pytest.MonkeyPatch):
    """Ten characters may wait, four jobs at most, and one however long; results come in the jobs' order."""
    monkeypatch.setattr(pool, "HELD", 10)
    read: list[int] = []

    def work() -> Iterator[Job]:
        for number in range(9):
            read.append(number)
            yield job(number, letters)

    ahead = [len(read) - replayed.tokens - 1 for _, replayed in pool.in_order(Done(), work(), 4)]
    assert ahead[0] == waiting and len(ahead) == 9
