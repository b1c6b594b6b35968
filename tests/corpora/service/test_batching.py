"""Requests that arrive together are answered together, each with its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from berrypick.corpora.service.batching import MOST_TOGETHER, Batcher, Overloaded


def double(jobs: Sequence[int]) -> list[int]:
    return [2 * job for job in jobs]


def test_each_caller_gets_its_own_answer_and_batches_form():
    sizes: list[int] = []

    async def ask() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(double, executor, on_batch=sizes.append)
            return await asyncio.gather(*(batcher.submit(number) for number in range(1000)))

    assert asyncio.run(ask()) == [2 * number for number in range(1000)]
    assert sum(sizes) == 1000 and max(sizes) == MOST_TOGETHER and len(sizes) == -(-1000 // MOST_TOGETHER)


def test_without_an_executor_the_loop_runs_the_batches():
    sizes: list[int] = []

    async def ask() -> list[int]:
        batcher = Batcher(double, None, on_batch=sizes.append)
        return await asyncio.gather(*(batcher.submit(number) for number in range(300)))

    assert asyncio.run(ask()) == [2 * number for number in range(300)]
    assert sizes == [MOST_TOGETHER, 300 - MOST_TOGETHER]


def test_what_arrives_while_a_batch_runs_is_the_next_batch():
    sizes: list[int] = []
    started, go_on = threading.Event(), threading.Event()

    def run(jobs: Sequence[int]) -> Sequence[int]:
        started.set()
        assert go_on.wait(10)
        return jobs

    async def ask() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(run, executor, on_batch=sizes.append)
            first = asyncio.create_task(batcher.submit(0))
            await asyncio.get_running_loop().run_in_executor(None, started.wait, 10)
            later = [asyncio.create_task(batcher.submit(number)) for number in range(1, 5)]
            await asyncio.sleep(0)
            go_on.set()
            return await asyncio.gather(first, *later)

    assert asyncio.run(ask()) == [0, 1, 2, 3, 4]
    assert sizes == [1, 4]


def test_an_error_reaches_every_caller_of_its_batch_and_the_next_batch_runs():
    async def ask() -> tuple[list[BaseException | int], int]:
        failing = [True]

        def run(jobs: Sequence[int]) -> Sequence[int]:
            if failing[0]:
                raise ValueError("no index")
            return jobs

        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(run, executor)
            first = await asyncio.gather(*(batcher.submit(n) for n in range(3)), return_exceptions=True)
            failing[0] = False
            return first, await batcher.submit(7)

    first, second = asyncio.run(ask())
    assert [str(error) for error in first] == ["no index"] * 3
    assert second == 7


def test_more_than_may_wait_are_refused_and_the_others_served():
    async def ask() -> list[BaseException | int]:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(double, executor, waiting=4)
            return await asyncio.gather(*(batcher.submit(n) for n in range(6)), return_exceptions=True)

    answers = asyncio.run(ask())
    assert answers[:4] == [0, 2, 4, 6]
    assert [type(answer) for answer in answers[4:]] == [Overloaded, Overloaded]


def test_a_caller_that_is_gone_spoils_nothing():
    async def ask() -> int:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(double, executor)
            gone = asyncio.create_task(batcher.submit(1))
            stays = asyncio.create_task(batcher.submit(2))
            await asyncio.sleep(0)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            return await stays

    assert asyncio.run(ask()) == 4
