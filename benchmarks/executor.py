"""Where the jobs of a run or a sweep are done: processes of this machine, or what an integration offers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Executor(Protocol):
    """Calls functions elsewhere. Functions and items cross processes; results are files in a folder that all share."""

    def map(
        self,
        function: Callable[[Any], None],
        items: Sequence[Item],
        done: Callable[[Item], None],
        lost: Callable[[Item, str], None] | None = None,
    ) -> None:
        """Call a function for each item, in any order.

        Args:
            function: of a module that workers can import. It may be called again where its worker was lost, and has to
                go on from what it left in its folder.
            items: what it is called with.
            done: told each item whose call returned.
            lost: told each item whose workers were lost time and again, and why; None raises ``Stopped`` instead.

        Raises:
            Stopped: workers were lost time and again.
            Exception: the first one that a call raised; the other calls are ended.
        """
        ...


class LocalExecutor:
    """Processes of this machine.

    Args:
        jobs: how many; 1 calls in this process. A script that uses more must guard its main module.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def map(
        self,
        function: Callable[[Any], None],
        items: Sequence[Item],
        done: Callable[[Item], None],
        lost: Callable[[Item, str], None] | None = None,
    ) -> None:
        """Call a function for each item; see ``Executor.map``. A process that is lost raises BrokenProcessPool."""
        if self.jobs == 1 or len(items) <= 1:
            for item in items:
                function(item)
                done(item)
            return
        # spawn: the engines' threads do not survive a fork.
        with ProcessPoolExecutor(min(self.jobs, len(items)), get_context("spawn"), end_quietly) as pool:
            waiting = {pool.submit(function, item): item for item in items}
            try:
                for future in as_completed(waiting):
                    future.result()
                    done(waiting[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def end_quietly() -> None:
    """In a worker: an interrupt from the terminal reaches every process, and one complaint is enough."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
