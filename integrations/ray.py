"""Runs and sweeps on a Ray cluster (package ``ray``): a job is a task, its results are files in a folder all share.

A worker that is lost costs its job's current step: Ray calls the job again, which goes on from its folder. The folder
has to be on a file system that every worker mounts under the same path, and berrypick of the same version installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
import ray

from berrypick.errors import BadInput, Stopped
from berrypick.records import Record

Item = TypeVar("Item")

#: How often a job is called again after its worker was lost.
RETRIES: Final = 3
#: Variables that workers get; processes share cores, not threads.
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
) | {"OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
#: Variables that workers inherit where they are set here.
_INHERITED: Final = ("BERRYPICK_HOME", "BERRYPICK_SALT", "BERRYPICK_CHAT_KEY", "BERRYPICK_CHAT_STORE")


class Needs(Record):
    """What one job needs.

    Attributes:
        cpus: cores.
        gpus: accelerators; a share lets several jobs have one.
        retries: how often a job is called again after its worker was lost.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    retries: int = RETRIES


class RayExecutor:
    """Does jobs on a cluster; see ``benchmarks.executor.Executor``. The cluster is joined for each ``map``.

    Args:
        address: of the cluster, as ``ray.init`` takes it; "" starts one on this machine.
        jobs: cores of the cluster that is started here.
        needs: of a job.
    """

    def __init__(self, address: str = "", jobs: int = 1, needs: Needs = Needs()) -> None:  # noqa: B008 - frozen
        self.address, self.jobs, self.needs = address, jobs, needs

    def map(
        self,
        function: Callable[[Any], None],
        items: Sequence[Item],
        done: Callable[[Item], None],
        lost: Callable[[Item, str], None] | None = None,
    ) -> None:
        """Call a function for each item on workers; see ``Executor.map``.

        Raises:
            Stopped: a job's workers were lost time and again, or the cluster cannot be joined.
        """
        if not items:
            return
        started = self._join()
        try:
            needs = self.needs
            call = ray.remote(
                num_cpus=needs.cpus, num_gpus=needs.gpus, max_retries=needs.retries, retry_exceptions=False
            )(_call)
            waiting = {call.remote(function, item): item for item in items}
            try:
                _collect(waiting, done, lost)
            except BaseException:
                for reference in waiting:
                    ray.cancel(reference, force=True)
                raise
        finally:
            if started:
                ray.shutdown()

    def _join(self) -> bool:
        """Join the cluster; returns False where this process was in one already."""
        if ray.is_initialized():
            return False
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        settings: dict[str, Any] = {"runtime_env": {"env_vars": {**_ONE_THREAD, **inherited}}, "log_to_driver": False}
        if self.address:
            settings["address"] = self.address
        else:
            settings |= {"num_cpus": self.jobs, "include_dashboard": False}
        try:
            ray.init(**settings)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise Stopped(f"cannot join the Ray cluster {self.address or 'of this machine'}: {error}") from error
        return True


def open_ray(text: str, jobs: int) -> RayExecutor:
    """Return the executor of ``ADDRESS?cpus=1&gpus=0.5&retries=3``, every part of which may be left out.

    Raises:
        BadInput: a setting is malformed.
    """
    address, _, query = text.partition("?")
    try:
        needs = msgspec.convert(dict(parse_qsl(query, keep_blank_values=True)), Needs, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"after '?' stand cpus, gpus and retries, got {query!r}: {error}", field="on") from error
    if needs.cpus < 0 or needs.gpus < 0 or needs.retries < 0:
        raise BadInput(f"cpus, gpus and retries must be at least 0, got {query!r}", field="on")
    return RayExecutor(address, jobs, needs)


def _call(function: Callable[[Any], None], item: Any) -> None:
    function(item)


def _collect(waiting: dict[Any, Item], done: Callable[[Item], None], lost: Callable[[Item, str], None] | None) -> None:
    """Wait for every job; what has ended is taken out of ``waiting``."""
    while waiting:
        (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
        item = waiting.pop(ready)
        try:
            ray.get(ready)
        except ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except ray.exceptions.RayError as error:
            reason = f"its workers were lost time and again: {error}"
            if lost is None:
                raise Stopped(f"{reason}; what is finished is kept, and the same command goes on") from error
            lost(item, reason)
        else:
            done(item)
