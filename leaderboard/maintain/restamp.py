"""Bring committed submissions up to date: verify each, then write the versions, the schema and the fields of today.

``berrypick board write --restamp``. The numbers of an entry stay as they are to the last digit; what it does not state
is added. A row of an agent that anybody can run again (``playing.PLAYABLE``) keeps digests in place of its episodes,
where playing it here gives the same episodes and the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, product
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from berrypick import io
from berrypick.benchmarks import result
from berrypick.benchmarks.run import StartProgress
from berrypick.benchmarks.versions import contract
from berrypick.leaderboard import entries, recorded, schema, submit
from berrypick.leaderboard.baselines import is_baseline
from berrypick.leaderboard.maintain import verify_all
from berrypick.leaderboard.recorded import cell_digest
from berrypick.leaderboard.schema import Entry
from berrypick.leaderboard.verify import playing, submission
from berrypick.leaderboard.verify.compare import Allowance, differences
from berrypick.leaderboard.verify.plan import Plan


class Restamped(NamedTuple):
    """What became of a submission: what was done in words, or its problems, with which nothing was written."""

    name: str
    done: str
    problems: tuple[str, ...] = ()


def restamp_all(submissions: Path, *, jobs: int = 1) -> Iterator[Restamped]:
    """Restamp a folder of submissions, and enter each in ``verified.json`` beside it.

    Those that stand there with the versions and the schema of today are left out, so that a killed command goes on.
    """
    found = verify_all.read(submissions.parent)
    for path in sorted(path for path in submissions.iterdir() if (path / schema.ENTRY).is_file()):
        entry = entries.read(path)
        is_old = entry.contract != contract(entry.suite) or recorded.file_of(path).name == recorded.OLD_EPISODES
        if not is_old and found.get(path.name) == io.sha256(path / schema.ENTRY):
            continue
        done = restamp(path, jobs=jobs)
        if not done.problems:
            found[path.name] = io.sha256(path / schema.ENTRY)
            verify_all.write(submissions.parent, found)
        yield done


def restamp(path: Path, *, jobs: int = 1, start_progress: StartProgress = lambda total: lambda done: None) -> Restamped:
    """Verify a submission and write it anew with the versions of this release.

    Args:
        path: its folder.
        jobs: processes that replay.
        start_progress: called once with the number of steps; what it returns is called after each.

    Raises:
        Rejected: its entry cannot be read.
    """
    entry = entries.read(path)
    if schema.SALT in entry.fingerprints and not recorded.file_of(path).exists():
        return Restamped(path.name, "left as it is: its episodes stay with the keeper of a salt")
    if is_baseline(entry.name, entry.suite, entry.agent) and not entry.digests and _drop_episodes(path, entry, jobs):
        return Restamped(path.name, "episodes dropped: playing the agent gives them back")
    verdict = submission.verify(path, jobs=jobs, start_progress=start_progress, restamp=_current)
    if verdict.problems or verdict.here is None:
        return Restamped(path.name, "", verdict.problems)
    entry = _filled(entry, verdict.here)
    if recorded.file_of(path).name == recorded.OLD_EPISODES:
        entry = _repacked(path, entry)
    io.write_bytes(path / schema.ENTRY, result.canonical(entry))
    return Restamped(path.name, f"verified, {verdict.episodes} episodes")


def _current(entry: Entry, plan: Plan) -> Entry:
    return replace(entry, contract=plan.contract)


def _filled(entry: Entry, here: Entry) -> Entry:
    """The entry with its own numbers, and those of ``here`` where it states none."""
    cells = tuple(
        replace(ours, metrics=here_cell.metrics | ours.metrics, right=ours.right or here_cell.right)
        for ours, here_cell in zip(entry.cells, here.cells, strict=True)
    )
    return replace(entry, contract=here.contract, metrics=here.metrics | entry.metrics, cells=cells)


def _drop_episodes(path: Path, entry: Entry, jobs: int) -> bool:
    """Put digests in the place of episodes; False, and nothing is written, where playing gives others."""
    plan = Plan(entry.suite, entry.protocol)
    digests = _digests(path, entry, plan)
    again = playing.play(plan, entry.agent, entry.seeds, entry.unread, digests, jobs=jobs)
    here = entries.describe(entry.name, entry.agent, plan, entry.unread, entry.about, again.score)
    unmoved = Allowance((0,) * len(plan.cells), True)
    if again.digests != digests or any(differences(entry, here, unmoved)):
        return False
    entry = replace(_filled(entry, here), digests=digests, questions={})
    io.write_bytes(path / schema.ENTRY, result.canonical(replace(entry, episodes=entries.of_digests(entry))))
    recorded.file_of(path).unlink()
    return True


def _digests(path: Path, entry: Entry, plan: Plan) -> tuple[str, ...]:
    """The digests of the recorded episodes, by seed and cell."""
    most = recorded.MEAN_LIMIT * plan.episodes(len(entry.seeds))
    episodes = (line.episode for line in recorded.read(recorded.file_of(path), most))
    found = {key: cell_digest(part) for key, part in groupby(episodes, lambda one: (one.seed, one.cell))}
    return tuple(found.get(key, cell_digest(())) for key in product(entry.seeds, range(len(plan.cells))))


def _repacked(path: Path, entry: Entry) -> Entry:
    """Write the episodes of schema 1 in schema 2; returns the entry that names the new file."""
    plan = Plan(entry.suite, entry.protocol, entry.fingerprints.get(schema.SALT, ""))
    old, new = path / recorded.OLD_EPISODES, path / recorded.EPISODES
    with io.writing(new) as file, recorded.packed(file) as out:
        for line in recorded.read(old, recorded.MEAN_LIMIT * plan.episodes(len(entry.seeds))):
            out.write(recorded.encode(line.episode))
    old.unlink()
    entry = replace(entry, episodes=io.sha256(new))
    return replace(entry, questions=submit.questions(path, entry, plan))
