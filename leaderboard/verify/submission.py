"""Verify submissions: replay every action, compute every number again, and name whatever differs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import asdict

from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.run import StartProgress
from berrypick.errors import BadInput
from berrypick.leaderboard import entries, schema, untrusted
from berrypick.leaderboard.schema import LINE_DECODER, Entry
from berrypick.leaderboard.untrusted import Rejected, plain
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.scoring import MOST_PROBLEMS, Line, replayed
from berrypick.registry import UnknownName

#: How far two computations of one number may lie apart: sums are rounded otherwise on other machines.
ROUNDING: Final = 1e-6
#: The same at most, as a share, for what follows from repeating parts of queries, where dense lists came in another
#: order. A drifted episode adds or takes about one way of one question, so a mean over n of them moves by 1/n.
SWAPPED: Final = 0.01
_FROM_LISTS: Final = ("strategies_D1", "strategies_D2", "dominant_share")


class Verdict(NamedTuple):
    """What became of one submission.

    Attributes:
        path: its folder.
        problems: what is wrong, one line each; empty where every number was found again.
        episodes: episodes replayed.
        drifted: steps with a dense list in another order than here.
        notes: what a reader should know of its numbers; nothing is wrong with them.
    """

    path: Path
    problems: tuple[str, ...]
    episodes: int = 0
    drifted: int = 0
    notes: tuple[str, ...] = ()


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


def verify(path: Path, *, jobs: int = 1, start_progress: StartProgress = lambda total: lambda done: None) -> Verdict:
    """Verify one submission, reading nothing of it but its two files and writing nothing there.

    Args:
        path: its folder.
        jobs: processes that replay.
        start_progress: called once with the number of steps; what it returns is called after each.
    """
    try:
        _check_folder(path)
        entry = entries.read(path)
        plan = _plan(path, entry)
        if problems := _stated(path, entry, plan):
            return Verdict(path, few(problems))
        lines = _lines(path, _most(plan, entry))
        scored = replayed(plan, lines, entry.seeds, entry.unread, jobs=jobs, start_progress=start_progress).score()
    except Rejected as error:
        return Verdict(path, (str(error),))
    if scored.problems:
        return Verdict(path, few(scored.problems), scored.episodes, scored.drifted)
    here = entries.describe(entry.name, entry.agent, plan, entry.unread, entry.about, scored)
    found = [*_differences(entry, here, [cell.moved for cell in scored.cells]), *_other_questions(entry, plan)]
    problems = [f"{path / schema.ENTRY}, {problem}" for problem in found]
    return Verdict(path, few(problems), scored.episodes, scored.drifted, scored.notes)


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
        if inside.name not in (schema.ENTRY, schema.EPISODES):
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
    if not found and (digest := untrusted.sha256(path / schema.EPISODES, _most(plan, entry))) != entry.episodes:
        found.append(f"{file}, field 'episodes': is {entry.episodes:.12}, the file's sha256 is {digest:.12}")
    # Worlds that are missing here are built for what follows.
    return found or list(_other_fingerprints(file, entry.fingerprints, plan.fingerprints))


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
    return schema.MEAN_LIMIT * plan.episodes(len(entry.seeds))


def _lines(path: Path, most: int) -> Iterator[Line]:
    file = path / schema.EPISODES
    for number, line in untrusted.lines(file, schema.LINE_LIMIT, most):
        episode = untrusted.strict(line, LINE_DECODER, file, number)
        yield Line(file, number, episode.seed, episode)


def _differences(entry: Entry, here: Entry, moved: Sequence[int]) -> Iterator[str]:
    """Where an entry says something else than replay gives; ``moved`` counts drifted episodes by cell."""
    yield from _other_fields(asdict(entry.budgets), asdict(here.budgets), "budgets")
    yield from _other_metrics(entry.metrics, here.metrics, "metrics", sum(moved))
    if len(entry.cells) != len(here.cells):
        yield f"field 'cells': {len(entry.cells)}, the suite has {len(here.cells)}"
        return
    known = {name for cell in here.cells for name in cell.strategies}
    for number, (said, found) in enumerate(zip(entry.cells, here.cells, strict=True)):
        field = f"cells[{number}]"
        for name in ("label", "tasks", "rollouts", "missing"):
            yield from _other_fields({name: getattr(said, name)}, {name: getattr(found, name)}, field)
        yield from _other_fields(said.setup, found.setup, f"{field}.setup")
        yield from _other_metrics(said.metrics, found.metrics, f"{field}.metrics", moved[number])
        strategies = said.strategies, found.strategies, known
        yield from _other_strategies(*strategies, f"{field}.strategies", moved[number])


def _other_questions(entry: Entry, plan: Plan) -> Iterator[str]:
    for question, text in entry.questions.items():
        if plan.salt or plan.text(question) != text:
            yield f"field 'questions.{plain(question)}': is not how a plain cell puts it"


def _other_fields(said: Mapping[str, Any], found: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in sorted(said.keys() | found.keys()):
        theirs, ours = (_plainest(values.get(name, "missing")) for values in (said, found))
        if theirs != ours:
            yield f"field '{field}.{plain(name)}': is {plain(repr(theirs))}, replay gives {plain(repr(ours))}"


def _plainest(value: object) -> object:
    """A value as JSON has it: without tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _other_metrics(said: Mapping[str, Value], found: Mapping[str, Value], field: str, moved: int) -> Iterator[str]:
    for name in sorted(said.keys() | found.keys()):
        place = f"field '{field}.{plain(name)}'"
        if name not in said or name not in found:
            yield f"{place}: is {'missing' if name in found else 'not a metric of the suite'}"
        elif not _same(said[name], found[name], _share(found[name], moved) if name in _FROM_LISTS else 0.0):
            yield f"{place}: is {_value(said[name])}, replay gives {_value(found[name])}"


def _share(value: Value, moved: int) -> float:
    return min(SWAPPED, moved / max(value.n, 1))


def _same(a: Value, b: Value, share: float) -> bool:
    pairs = ((a.value, b.value), (a.low, b.low), (a.high, b.high))
    return a.n == b.n and all(
        x is y is None or (x is not None and y is not None and math.isclose(x, y, rel_tol=share, abs_tol=ROUNDING))
        for x, y in pairs
    )


def _value(value: Value) -> str:
    low, middle, high = ("blank" if x is None else f"{x:.6f}" for x in (value.low, value.value, value.high))
    return f"{middle} ({low} to {high}, n {value.n})"


def _other_strategies(
    said: Mapping[str, int], found: Mapping[str, int], known: Set[str], field: str, moved: int
) -> Iterator[str]:
    """Where counts of strategies differ by more than ``moved`` episodes, or ``SWAPPED``, with another known one."""
    gaps = {name: said.get(name, 0) - found.get(name, 0) for name in sorted(said.keys() | found.keys())}
    most = min(moved, math.ceil(SWAPPED * sum(found.values())))
    near = sum(gaps.values()) == 0 and sum(map(abs, gaps.values())) <= 2 * most
    for name, gap in gaps.items():
        if (name in said and name not in known) or (gap and not near):
            yield f"field '{field}': {plain(name)!r} {said.get(name, 0)} times, replay gives {found.get(name, 0)}"
