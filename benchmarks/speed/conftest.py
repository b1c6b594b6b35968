"""What the speed benches share: corpora, the timing fixture, and what the report needs to know beside the times."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from berrypick.benchmarks.speed.measuring import Measure, timed
from berrypick.benchmarks.speed.texts import synthetic
from berrypick.corpora.store import Corpus

_PACKAGES: Final = (
    "berrypick",
    "gymnasium",
    "numpy",
    "tantivy",
    "faiss-cpu",
    "bm25s",
    "numba",
    "rank-bm25",
    "requests",
)
_skipped: dict[str, str] = {}


@pytest.fixture
def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Measure:
    """See ``measuring.timed``; ``test_step.py`` is the bench ``step``."""
    return timed(benchmark, _bench(request.path.name))


@pytest.fixture(scope="session")
def corpus_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Corpus]:
    """``corpus_of(count, index=0)``: a synthetic corpus, made once; see ``texts.synthetic``."""
    return cache(
        lambda count, index=0: synthetic(tmp_path_factory.mktemp("corpora") / f"{count}-{index}", count, index)
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep why a bench was skipped: a row without a number should say why."""
    if report.skipped and isinstance(report.longrepr, tuple):
        _skipped[_bench(Path(report.fspath).name)] = report.longrepr[2].removeprefix("Skipped: ")


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Add what the times depend on; take out whose machine it is."""
    machine_info.pop("node", None)
    machine_info["cores"] = os.cpu_count()
    machine_info["versions"] = {name: metadata.version(name) for name in _PACKAGES}


def pytest_benchmark_update_json(config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]) -> None:
    """Add which benches were skipped, and why."""
    output_json["skipped"] = _skipped


def _bench(file: str) -> str:
    return file.removeprefix("test_").removesuffix(".py")
