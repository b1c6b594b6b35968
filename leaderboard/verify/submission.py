"""Verify submissions: replay every action, compute every number again, and name whatever differs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import asdict

from berrypick.benchmarks.run import StartProgress
from berrypick.errors import BadInput
from berrypick.leaderboard import entries, recorded, schema, untrusted
from berrypick.leaderboard.schema import Entry
from berrypick.leaderboard.untrusted import Rejected, plain
from berrypick.leaderboard.verify import playing
from berrypick.leaderboard.verify.compare import Allowance, differences, unstated
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.scoring import MOST_PROBLEMS, replayed
from berrypick.leaderboard.verify.tally import Score
from berrypick.registry import UnknownName


class Verdict(NamedTuple):
    """What became of one submission.

    Attributes:
        path: its folder.
        problems: what is wrong, one line each; empty where every number was found again.
        episodes: episodes replayed, or played again.
        drifted: steps with a dense list in another order than here.
        notes: what a reader should know of its numbers; nothing is wrong with them.
        here: the entry that this machine would write; None where there was nothing to compute it from.
        entry: sha256 of the bytes of ``entry.json`` that were verified, "" where they could not be read.
    """

    path: Path
    problems: tuple[str, ...]
    episodes: int = 0
    drifted: int = 0
    notes: tuple[str, ...] = ()
    here: Entry | None = None
    entry: str = ""


def find(paths: Sequence[Path]) -> list[Path]:
    """The submissions that paths name: each is one, or a folder of some.

    Raises:
        BadInput: a path is no folder, or an empty one.
    """
    found = list[Path]()
    for path in paths:
        if not path.is_dir():
            raise BadInput("no folder here; name a submission, or a folder of submissions", file=path)
        inside = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
        if not inside:
            raise BadInput("holds no submission", file=path)
        folders = [entry for entry in inside if entry.is_dir()]
        found += folders if folders and not any(entry.name == schema.ENTRY for entry in inside) else [path]
    return found


def verify(
    path: Path,
    *,
    jobs: int = 1,
    start_progress: StartProgress = lambda total: lambda done: None,
    restamp: Callable[[Entry, Plan], Entry] = lambda entry, plan: entry,
) -> Verdict:
    """Verify one submission, reading nothing of it but its two files and writing nothing there.

    Args:
        path: its folder.
        jobs: processes that replay.
        start_progress: called once with the number of steps; what it returns is called after each.
        restamp: makes the entry that is verified from the one that was read.
    """
    digest = ""
    try:
        _check_folder(path)
        entry, digest = entries.read_hashed(path)
        plan = _plan(path, entry)
        entry = restamp(entry, plan)
        if problems := _stated(path, entry, plan):
            return Verdict(path, few(problems), entry=digest)
        scored, is_same = _scored(path, entry, plan, jobs, start_progress)
    except Rejected as error:
        return Verdict(path, (str(error),), entry=digest)
    if scored.problems:
        return Verdict(path, few(scored.problems), scored.episodes, scored.drifted, entry=digest)
    here = entries.describe(entry.name, entry.agent, plan, entry.unread, entry.about, scored)
    allowance = Allowance(tuple(cell.moved for cell in scored.cells), is_same)
    found = [*differences(entry, here, allowance), *_other_questions(entry, plan)]
    problems = [f"{path / schema.ENTRY}, {problem}" for problem in found]
    notes = (*scored.notes, *unstated(entry, here))
    return Verdict(path, few(problems), scored.episodes, scored.drifted, notes, here, digest)


def _scored(path: Path, entry: Entry, plan: Plan, jobs: int, start_progress: StartProgress) -> tuple[Score, bool]:
    """The score of the episodes, and whether they are those that were recorded."""
    if entry.digests:
        again = playing.play(
            plan, entry.agent, entry.seeds, entry.unread, entry.digests, jobs=jobs, start_progress=start_progress
        )
        return again.score, again.digests == entry.digests
    lines = recorded.read(recorded.file_of(path), _most(plan, entry), entry.episodes)
    return replayed(plan, lines, entry.seeds, entry.unread, jobs=jobs, start_progress=start_progress).score(), True


def few(problems: Sequence[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    return (*problems[:MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else []))


def _check_folder(path: Path) -> None:
    """Raise Rejected unless a folder is one, has a name that can be shown, and holds the two files alone."""
    if path.is_symlink() or not path.is_dir():
        raise Rejected("is a symbolic link or no folder", file=plain(str(path)))
    if not re.match(schema.NAME, path.resolve().name):
        raise Rejected("is no name of a submission", file=plain(str(path)))
    for inside in sorted(path.iterdir()):
        if inside.name not in (schema.ENTRY, recorded.EPISODES, recorded.OLD_EPISODES):
            raise Rejected(f"{plain(inside.name)} is no part of a submission", file=path)


def _plan(path: Path, entry: Entry) -> Plan:
    try:
        return Plan(entry.suite, entry.protocol, entry.fingerprints.get(schema.SALT, ""))
    except UnknownName as error:
        raise Rejected(plain(str(error)), file=path / schema.ENTRY, field=error.kind) from error
    except BadInput as error:
        raise Rejected(plain(error.reason), file=path / schema.ENTRY, field="fingerprints.salt") from error


def _stated(path: Path, entry: Entry, plan: Plan) -> list[str]:
    """What is wrong before anything is replayed; with other versions or worlds replay would show nothing."""
    file = path / schema.ENTRY
    found = []
    if entry.seeds != schema.SEEDS:
        found.append(f"{file}, field 'seeds': are {_list(entry.seeds)}, must be {_list(schema.SEEDS)}")
    if not plan.orders(entry.unread):
        found.append(f"{file}, field 'unread': {_list(entry.unread)} are not numbers of cells, in order")
    found += _other_versions(file, entry, plan)
    if not found:
        found += _other_episodes(path, entry, plan)
    # Worlds that are missing here are built for what follows.
    return found or list(_other_fingerprints(file, entry.fingerprints, plan.fingerprints))


def _other_episodes(path: Path, entry: Entry, plan: Plan) -> Iterator[str]:
    """In what the episodes are not those that the entry names, before any is read."""
    file, episodes = path / schema.ENTRY, recorded.file_of(path)
    if entry.digests and entry.agent not in playing.PLAYABLE:
        yield f"{file}, field 'digests': {plain(entry.agent)!r} is no agent that is played again; add its episodes"
    elif entry.digests and len(entry.digests) != len(entry.seeds) * len(plan.cells):
        count = len(entry.seeds) * len(plan.cells)
        yield f"{file}, field 'digests': {count} expected, one for each seed and cell, found {len(entry.digests)}"
    elif entry.digests and episodes.exists():
        yield f"{episodes}: is there, though field 'digests' says that the agent is played again; remove one of them"
    else:
        what = "the digests' sha256" if entry.digests else "the file's sha256"
        digest = entries.of_digests(entry) if entry.digests else untrusted.sha256(episodes, _most(plan, entry))
        if digest != entry.episodes:
            yield f"{file}, field 'episodes': is {entry.episodes:.12}, {what} is {digest:.12}"


def _other_versions(file: Path, entry: Entry, plan: Plan) -> Iterator[str]:
    said, here = asdict(entry.contract), asdict(plan.contract)
    for name in said:
        if said[name] != here[name]:
            hint = "verify it with the release that it was made with"
            yield f"{file}, field 'contract.{name}': version {here[name]} expected, found {said[name]}; {hint}"


def _other_fingerprints(file: Path, stated: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(stated.keys() | here.keys()):
        said, ours = stated.get(name, "missing"), here.get(name, "not known")
        if said != ours:
            yield f"{file}, field 'fingerprints.{plain(name)}': is {said:.12}, here {ours:.12}"


def _list(values: Sequence[int]) -> str:
    return plain(", ".join(map(str, values)) or "none")


def _most(plan: Plan, entry: Entry) -> int:
    """Bytes that episodes may have, packed or not."""
    return recorded.MEAN_LIMIT * plan.episodes(len(entry.seeds))


def _other_questions(entry: Entry, plan: Plan) -> Iterator[str]:
    for question, text in entry.questions.items():
        if plan.salt or plan.text(question) != text:
            yield f"field 'questions.{plain(question)}': is not how a plain cell puts it"
