"""One honest submission of a suite of seconds, and copies of it to tamper with."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from berrypick.benchmarks import result, run
from berrypick.benchmarks.suites import SUITES, Cell
from berrypick.leaderboard import submit
from berrypick.leaderboard.schema import SEEDS, About
from berrypick.leaderboard.verify import submission

SUITE = "board-tiny"
PLAIN = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=4, rollouts=3)
CELLS = (PLAIN, replace(PLAIN, knockouts=("no_favourite",)), replace(PLAIN, faults=("shuffled",)))
#: Of one run, and of all.
EPISODES = 3 * 4 * 3
ALL = EPISODES * 3


@contextmanager
def registered() -> Iterator[None]:
    SUITES.add(SUITE, CELLS, "for tests")
    try:
        yield
    finally:
        del SUITES._rows[SUITE], SUITES._help[SUITE]


@pytest.fixture(scope="module", autouse=True)
def suite() -> Iterator[None]:
    """The suite is there for the tests of this folder only."""
    with registered():
        yield


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Runs of the agent that draws most, one for each seed."""
    out = tmp_path_factory.mktemp("runs")
    with registered_once():
        return [run.run(["mixture"], SUITE, seed, out / str(seed))[0] for seed in SEEDS]


@contextmanager
def registered_once() -> Iterator[None]:
    """Session fixtures are made inside the first module's fixture, or before it."""
    if SUITE in SUITES:
        yield
    else:
        with registered():
            yield


@pytest.fixture(scope="session")
def honest(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission that nobody touched."""
    with registered_once():
        return submit.submit(runs, "honest", About(notes="<b>as is</b>"), tmp_path_factory.mktemp("submissions"))


@pytest.fixture(scope="session")
def honest_old(honest: Path, runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with episodes of schema 1, as submissions were written before schema 2."""
    path = Path(shutil.copytree(honest, tmp_path_factory.mktemp("old") / "honest"))
    lines = [
        {**json.loads(line), "seed": seed}
        for seed, folder in zip(SEEDS, runs, strict=True)
        for line in gzip.decompress((folder / "episodes.jsonl.gz").read_bytes()).splitlines()
    ]
    (path / "episodes.jsonl.xz").unlink()
    packed = result.squeeze("".join(json.dumps(line) + "\n" for line in lines).encode())
    (path / "episodes.jsonl.gz").write_bytes(packed)
    entry = json.loads((path / "entry.json").read_bytes()) | {"episodes": hashlib.sha256(packed).hexdigest()}
    (path / "entry.json").write_text(json.dumps(entry))
    return path


class Submission:
    """A submission that can be changed: ``entry`` and ``lines`` are what is in its files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entry: dict[str, Any] = json.loads((path / "entry.json").read_bytes())
        (self.file,) = path.glob("episodes.*")
        expand = lzma.decompress if self.file.suffix == ".xz" else gzip.decompress
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in expand(self.file.read_bytes()).splitlines()]

    def save(self) -> None:
        """Write both files, with a hash of the episodes that fits: a forger would, too."""
        squeeze = lzma.compress if self.file.suffix == ".xz" else result.squeeze
        self.write_episodes(squeeze("".join(json.dumps(line) + "\n" for line in self.lines).encode()))

    def write_episodes(self, packed: bytes) -> None:
        self.entry["episodes"] = hashlib.sha256(packed).hexdigest()
        self.file.write_bytes(packed)
        self.write_entry(json.dumps(self.entry).encode())

    def write_entry(self, data: bytes) -> None:
        (self.path / "entry.json").write_bytes(data)

    def problems(self) -> tuple[str, ...]:
        """What ``verify`` finds wrong."""
        return submission.verify(self.path).problems


@pytest.fixture
def forged(honest_old: Path, tmp_path: Path) -> Submission:
    """A copy to tamper with, with episodes of schema 1, which state the most."""
    return Submission(Path(shutil.copytree(honest_old, tmp_path / "submissions" / "honest")))


@pytest.fixture
def packed(honest: Path, tmp_path: Path) -> Submission:
    """A copy to tamper with, with episodes of schema 2."""
    return Submission(Path(shutil.copytree(honest, tmp_path / "packed" / "honest")))


@pytest.fixture
def tamper(forged: Submission) -> Callable[[Callable[[Submission], object]], str]:
    """Change a copy, save it, and return the one problem that is found."""

    def tamper_(change: Callable[[Submission], object]) -> str:
        change(forged)
        forged.save()
        (problem,) = forged.problems()
        return problem

    return tamper_
