"""Verify every committed submission, and write down which entries were found right: ``make verify``, minutes.

``make test`` replays three and holds the other entries against ``verified.json``, a maintainers' file like
``tiers.json``, which this writes: whoever changes an entry has to have it verified again. After a kill the same command
goes on: what this source code has verified already stands in a file outside of the repository's history.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from berrypick import io
from berrypick.benchmarks import provenance, result
from berrypick.errors import BadInput
from berrypick.leaderboard import schema, untrusted
from berrypick.leaderboard.maintain.baseline_rows import FOLDER
from berrypick.leaderboard.verify import submission

#: Beside the folder of submissions: name -> sha256 of ``entry.json``, which holds that of the episodes.
VERIFIED: Final = "verified.json"
#: Submissions that every run of the tests verifies: the first is played again, the others are replayed.
IN_TESTS: Final = ("collapse-brief-closed_book", "collapse-brief-grpo", "quick-scripted-reformulate-on-miss")

_DECODER: Final = msgspec.json.Decoder(dict[schema.Name, schema.Sha256])
_CONSOLE: Final = Console(highlight=False)


def read(folder: Path) -> dict[str, str]:
    """Read ``verified.json`` of the folder of a board, nothing where there is none."""
    path = folder / VERIFIED
    return untrusted.strict(untrusted.read_small(path, schema.ENTRY_LIMIT), _DECODER, path) if path.exists() else {}


def write(folder: Path, found: Mapping[str, str]) -> None:
    """Write it, by name."""
    io.write_bytes(folder / VERIFIED, msgspec.json.format(msgspec.json.encode(dict(sorted(found.items())))) + b"\n")


def verify_all(folder: Path = FOLDER, progress: Path = Path("runs/verify"), jobs: int = 1) -> None:
    """Verify each submission with this source code; those whose episodes stay with the keeper of a salt are left out.

    Args:
        folder: of the board, with its submissions.
        progress: where is kept what was verified by this source code.
        jobs: processes.

    Raises:
        BadInput: some were rejected; the message names each with its first problem. The others are written down.
    """
    progress /= hashlib.sha256(result.canonical(provenance.source_fingerprints())).hexdigest()[:16]
    known, found, rejected = read(progress), dict[str, str](), list[str]()
    for path in sorted(path for path in (folder / "submissions").iterdir() if (path / schema.ENTRY).is_file()):
        digest = io.sha256(path / schema.ENTRY)
        if known.get(path.name) != digest:
            begun = time.perf_counter()
            verdict = submission.verify(path, jobs=jobs)
            if verdict.problems:
                rejected.append(verdict.problems[0])
                _CONSOLE.print(f"{path.name}: rejected: {verdict.problems[0]}", markup=False, soft_wrap=True)
                continue
            digest = verdict.entry  # of what was verified, whatever the file holds by now
            seconds = time.perf_counter() - begun
            _CONSOLE.print(_said(path.name, verdict, seconds), markup=False, soft_wrap=True)
        found[path.name] = digest
        write(progress, known | found)
    write(folder, found)
    if rejected:
        raise BadInput(f"{len(rejected)} submissions were rejected: {'; '.join(rejected)}", file=folder)


def list_at(base: str, repository: Path) -> dict[str, str]:
    """Read ``verified.json`` as it stood at a commit, nothing where it was not there.

    Args:
        base: the commit.
        repository: folder of the repository.
    """
    command = ["git", "-C", str(repository), "show", f"{base}:{FOLDER.name}/{VERIFIED}"]
    shown = subprocess.run(command, capture_output=True, check=False)
    return untrusted.strict(shown.stdout, _DECODER, FOLDER / VERIFIED) if shown.returncode == 0 else {}


def base_of(repository: Path) -> str | None:
    """The commit that a change is compared with; None outside of a repository, or of one with its whole history.

    ``BERRYPICK_BASE`` names it; else it is where the branch left ``origin/main``, and on ``origin/main`` itself the
    commit before.
    """
    if named := os.environ.get("BERRYPICK_BASE"):
        return named

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    left, here = git("merge-base", "HEAD", "origin/main"), git("rev-parse", "HEAD")
    return left if left and left != here else git("rev-parse", "--verify", "--quiet", "HEAD^") or None


def new_since(known: Mapping[str, str], folder: Path = FOLDER) -> list[str]:
    """Name the submissions whose entry is not one that a list knew: those that a change brings have to be replayed.

    The list must be that of before the change. What a change itself enters in the list vouches for nothing.
    """
    there = sorted(path for path in (folder / "submissions").iterdir() if (path / schema.ENTRY).is_file())
    return [path.name for path in there if known.get(path.name) != io.sha256(path / schema.ENTRY)]


def _said(name: str, verdict: submission.Verdict, seconds: float) -> str:
    """Episodes, how fast, and the most memory that this process or one of those that replay held so far."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    drifted = f", {verdict.drifted} steps with a dense list in another order" if verdict.drifted else ""
    speed = f"{verdict.episodes / seconds:.0f} a second"
    return f"{name}: verified, {verdict.episodes} episodes, {speed}, {most >> 10} MB at most{drifted}"
