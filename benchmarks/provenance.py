"""What a result must know about itself: the command that gives it again, and hashes of everything it stands on."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from berrypick.records import Record

#: Packages (every module in them) and modules whose source decides what happens in an episode, how it is scored, what
#: is searched and who plays. A cell that was run with other sources is not reused; nothing else asks for these hashes
#: (``versions.Contract`` says what can be compared).
SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "protocol": (
        "berrypick.envs",
        "berrypick.corpora.engines",
        "berrypick.corpora:snippets.py",
        "berrypick.benchmarks:cells.py",
        "berrypick.benchmarks:dominant_move.py",
        "berrypick:text.py",
    ),
    "scorer": (
        "berrypick.envs",
        "berrypick.benchmarks.metrics",
        "berrypick.benchmarks.stats",
        "berrypick.benchmarks:aggregate.py",
        "berrypick:diversity.py",
        "berrypick:text.py",
    ),
    "corpora": ("berrypick.corpora", "berrypick:text.py"),
    "agents": ("berrypick.agents", "berrypick:seeding.py"),
}
PACKAGES: Final = ("berrypick", "numpy", "gymnasium", "tantivy", "faiss-cpu", "scikit-learn", "scipy", "msgspec")


class Provenance(Record):
    """Where a result comes from.

    Attributes:
        command: gives the same result again, on the same commit.
        commit: of the source tree; None where the package was not run from one.
        dirty: whether the tree had uncommitted changes to tracked files; None as above.
        versions: of Python and of the packages that decide a number.
        fingerprints: name -> sha256: sources (protocol, scorer, corpora, agents), and of each corpus its documents and
            its questions with their audit; an index follows from its corpus and the protocol.
        device: what it ran on.
        times: when it started and how long each part took, in seconds; beside ``cost`` nothing else in a result depends
            on the clock.
        cost: what the agent spent in all cells, by what it was spent on; empty for agents that spend nothing.
    """

    command: str
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    fingerprints: dict[str, str]
    device: dict[str, str]
    times: dict[str, str | float]
    cost: dict[str, float] = msgspec.field(default_factory=dict)


def collect(
    command: Sequence[str], corpora: dict[str, str], times: dict[str, str | float], cost: dict[str, float]
) -> Provenance:
    """Describe this process and the source tree that it runs from.

    Args:
        command: words of the command.
        corpora: fingerprints of the corpora that were searched.
        times: see ``Provenance``.
        cost: see ``Provenance``.
    """
    commit, dirty = revision()
    return Provenance(
        command=shlex.join(command),
        commit=commit,
        dirty=dirty,
        versions=versions(),
        fingerprints={**source_fingerprints(), **corpora},
        device=device(),
        times=times,
        cost=cost,
    )


@cache
def source_fingerprints() -> dict[str, str]:
    """Hash the sources named in ``SOURCES``, once: what runs is what was loaded."""
    return {name: _digest(parts) for name, parts in SOURCES.items()}


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        package, _, name = part.partition(":")
        for path, file in sorted(_modules(resources(package))):
            if not name or path == name:
                digest.update(f"{package}/{path}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _modules(folder: Traversable, below: str = "") -> Iterable[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            yield below + entry.name, entry
        elif entry.is_dir():
            yield from _modules(entry, f"{below}{entry.name}/")


def versions() -> dict[str, str]:
    """Versions of Python and ``PACKAGES``."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def device() -> dict[str, str]:
    """Name the machine without naming whose it is."""
    return {"system": platform.system(), "machine": platform.machine(), "cores": str(os.cpu_count())}


def revision() -> tuple[str | None, bool | None]:
    """Return the commit and whether tracked files were changed, or (None, None) outside a source tree."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()
