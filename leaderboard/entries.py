"""Entries: made from a score, read from a stranger's file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import berrypick
from berrypick.benchmarks import provenance
from berrypick.benchmarks.cells import resolved
from berrypick.leaderboard import schema, untrusted
from berrypick.leaderboard.schema import About, Budgets, Entry, EntryCell, Grant
from berrypick.leaderboard.untrusted import Rejected, plain
from berrypick.leaderboard.verify.plan import Plan
from berrypick.leaderboard.verify.tally import Score


def describe(name: str, agent: str, plan: Plan, unread: tuple[int, ...], about: About, scored: Score) -> Entry:
    """The entry of what was scored here, but for the hash of its episodes."""
    setups = [msgspec.to_builtins(resolved(cell)) for cell in plan.cells]
    cells = zip(plan.cells, setups, scored.cells, strict=True)
    return Entry(
        schema=schema.SCHEMA,
        name=name,
        agent=agent,
        suite=plan.suite,
        protocol=plan.protocol,
        seeds=schema.SEEDS,
        fingerprints=plan.fingerprints,
        versions=provenance.versions() | {"berrypick": berrypick.__version__},
        commit=provenance.revision()[0],
        unread=unread,
        about=about,
        budgets=Budgets(
            turns=max(setup["max_turns"] for setup in setups),
            searches=max(setup["search_budget"] for setup in setups),
            tokens=scored.tokens,
        ),
        metrics=scored.metrics,
        cells=tuple(
            EntryCell(
                cell.label,
                setup,
                cell.tasks,
                cell.rollouts,
                found.missing,
                found.metrics,
                found.strategies,
                found.right,
            )
            for cell, setup, found in cells
        ),
        episodes="0" * 64,
        tier="replayed",
        contract=plan.contract,
    )


def of_digests(entry: Entry) -> str:
    """Return what ``episodes`` of an entry is whose agent is played again: a hash of its digests."""
    return hashlib.sha256("".join(entry.digests).encode()).hexdigest()


def read(path: Path) -> Entry:
    """Read the entry of a submission.

    Raises:
        Rejected: it is missing, malformed, of another schema, or of another name than its folder.
    """
    return read_hashed(path)[0]


def read_hashed(path: Path) -> tuple[Entry, str]:
    """Read the entry of a submission as ``read``, and the sha256 of the bytes that it was read from."""
    file = path / schema.ENTRY
    data = untrusted.read_small(file, schema.ENTRY_LIMIT)
    entry = decode(data, file)
    if entry.name != path.resolve().name:
        raise Rejected(f"is {entry.name!r}, but the folder is {plain(path.resolve().name)!r}", file=file, field="name")
    return entry, hashlib.sha256(data).hexdigest()


def read_tiers(file: Path, found: Mapping[str, Entry]) -> dict[str, Grant]:
    """Read the tiers that maintainers gave, none where there is no file.

    Args:
        file: with the tiers.
        found: name -> entry of every submission.

    Raises:
        Rejected: the file is malformed, or names a submission that is not there or has other episodes.
    """
    if not file.exists():
        return {}
    tiers = untrusted.strict(untrusted.read_small(file, schema.ENTRY_LIMIT), schema.TIERS_DECODER, file)
    for name, grant in tiers.items():
        if name not in found:
            raise Rejected("no such submission; remove it from the list", file=file, field=name)
        if grant.episodes != (there := found[name].episodes):
            reason = f"is {grant.episodes:.12}, the entry has {there:.12}; reproduce it anew, or remove it"
            raise Rejected(reason, file=file, field=f"{name}.episodes")
    return tiers


def decode(data: bytes, file: Path) -> Entry:
    """Decode an entry; ``file`` is for messages.

    Raises:
        Rejected: it is malformed, larger than any suite, or the part of a setup that is read from the entry is of
            another kind.
    """
    entry = untrusted.strict(data, schema.ENTRY_DECODER, file)
    prints = {name: value for name, value in entry.fingerprints.items() if name not in schema.RETIRED}
    entry = replace(entry, fingerprints=prints)
    _check_size(entry, file)
    _check_setups(entry, file)
    for field, text in _texts(msgspec.to_builtins(entry), ""):
        if not text.isprintable():
            raise Rejected("holds a character that is not printed", file=file, field=plain(field))
    return entry


def _check_size(entry: Entry, file: Path) -> None:
    """Raise Rejected where there is more than a board can hold."""
    tasks = sum(cell.tasks for cell in entry.cells)
    episodes = sum(cell.tasks * cell.rollouts for cell in entry.cells)
    for count, most, what in ((tasks, schema.TASKS_LIMIT, "questions"), (episodes, schema.EPISODES_LIMIT, "episodes")):
        if count > most:
            raise Rejected(f"ask {count} {what} of a run, a suite has {most} at most", file=file, field="cells")
    for number, cell in enumerate(entry.cells):
        if cell.right and len(cell.right) != cell.tasks:
            reason = f"none or {cell.tasks} numbers expected, one for each question, found {len(cell.right)}"
            raise Rejected(reason, file=file, field=f"cells[{number}].right")


def _check_setups(entry: Entry, file: Path) -> None:
    """Raise Rejected where what ``schema.Changes`` names is of another kind."""
    for number, cell in enumerate(entry.cells):
        try:
            msgspec.convert(cell.setup, schema.Changes)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `$.")
            raise Rejected(plain(reason), file=file, field=f"cells[{number}].setup.{place.rstrip('`')}") from error


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, keys included, with where it stands."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield f"{field}.{key}".lstrip("."), key
            yield from _texts(inside, f"{field}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inside in enumerate(value):
            yield from _texts(inside, f"{field}[{number}]")
