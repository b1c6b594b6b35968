"""Replay the large submissions, and write down which entries were found right: ``make verify-large``, minutes.

The tests replay what is small. Of a large submission they hold its entry against ``verified.json``, a maintainers' file
like ``tiers.json``, which this writes: whoever changes the entry has to have it replayed again.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import tyro
from rich.console import Console

from berrypick import io
from berrypick.errors import BadInput
from berrypick.leaderboard import schema, untrusted
from berrypick.leaderboard.maintain.baseline_rows import FOLDER
from berrypick.leaderboard.verify import submission

#: Episodes of more bytes than this are not replayed by every run of the tests.
LARGE: Final = 2**19
#: Beside the folder of submissions: name -> sha256 of ``entry.json``, which holds that of the episodes.
VERIFIED: Final = "verified.json"

_DECODER: Final = msgspec.json.Decoder(dict[schema.Name, schema.Sha256])
_CONSOLE: Final = Console(highlight=False)


def is_large(path: Path) -> bool:
    """Whether a submission is left to this module."""
    episodes = path / schema.EPISODES
    return episodes.is_file() and episodes.stat().st_size > LARGE


def read(folder: Path) -> dict[str, str]:
    """Read ``verified.json`` of the folder of a board, nothing where there is none."""
    path = folder / VERIFIED
    return untrusted.strict(untrusted.read_small(path, schema.ENTRY_LIMIT), _DECODER, path) if path.exists() else {}


def write(folder: Path, found: Mapping[str, str]) -> None:
    """Write it, by name."""
    io.write_bytes(folder / VERIFIED, msgspec.json.format(msgspec.json.encode(dict(sorted(found.items())))) + b"\n")


def main(folder: Path = FOLDER, jobs: int = 1) -> None:
    """Replay each large submission whose entry is not the one that was found right.

    Args:
        folder: of the board, with its submissions.
        jobs: processes.

    Raises:
        BadInput: one was rejected; those before it are written down.
    """
    known, found = read(folder), dict[str, str]()
    for path in sorted(filter(is_large, (folder / "submissions").iterdir())):
        digest = io.sha256(path / schema.ENTRY)
        if known.get(path.name) != digest:
            begun = time.perf_counter()
            verdict = submission.verify(path, jobs=jobs)
            if verdict.problems:
                raise BadInput(verdict.problems[0], file=path)
            _CONSOLE.print(_said(path.name, verdict.episodes, time.perf_counter() - begun), markup=False)
        found[path.name] = digest
        write(folder, known | found)
    write(folder, found)


def _said(name: str, episodes: int, seconds: float) -> str:
    """Episodes, how fast, and the most memory that this process or one of those that replay held so far."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return f"{name}: replayed, {episodes} episodes, {episodes / seconds:.0f} a second, {most >> 10} MB at most"


if __name__ == "__main__":
    tyro.cli(main)
