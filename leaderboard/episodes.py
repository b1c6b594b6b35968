"""A few episodes of a submission to look at, as the board shows them. Nothing is replayed here.

Reads what `berrypick verify` has accepted.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from berrypick.leaderboard import recorded, schema, untrusted
from berrypick.leaderboard.recorded import Packed
from berrypick.leaderboard.schema import Entry, EntryCell
from berrypick.leaderboard.untrusted import Rejected

#: The reward that is 1 for an exact match and else 0.
EXACT: Final = "exact_match"
#: Cells of which episodes are shown.
_CELLS: Final = 3


def plain(cell: EntryCell) -> bool:
    """Whether nothing was changed in a cell of an entry."""
    return not cell.setup.get("knockouts") and not cell.setup.get("faults")


class _Brief(msgspec.Struct):
    """The few fields of a line of schema 1 that ``with_right`` reads."""

    cell: int
    question_id: str
    reward: float


_BRIEF: Final = msgspec.json.Decoder(_Brief)


def with_right(path: Path, entry: Entry) -> Entry:
    """Fill in ``right`` of the cells of an entry from before that field, from the rewards that its episodes state.

    Raises:
        Rejected: a line is no episode, or a cell has more questions than the entry says.
    """
    file = recorded.file_of(path)
    cells = [number for number, cell in enumerate(entry.cells) if _lacks_right(cell) and number not in entry.unread]
    if file.name != recorded.OLD_EPISODES or not cells or not file.exists():
        return entry
    counts = {number: Counter[str]() for number in cells}
    for number, line in untrusted.lines(file, recorded.LINE_LIMIT, _most(entry)):
        try:
            brief = _BRIEF.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Rejected(untrusted.plain(f"is no episode: {error}"), file=file, line=number) from error
        if brief.cell in counts:
            counts[brief.cell][brief.question_id] += brief.reward == 1.0
            if len(counts[brief.cell]) > entry.cells[brief.cell].tasks:
                raise Rejected(f"cell {brief.cell} has more questions than entry.json says", file=file, line=number)
    filled = list(entry.cells)
    for number, found in counts.items():
        right = tuple(found[question] for question in sorted(found))
        filled[number] = replace(filled[number], right=right if len(right) == filled[number].tasks else ())
    return replace(entry, cells=tuple(filled))


def _lacks_right(cell: EntryCell) -> bool:
    return plain(cell) and not cell.right and cell.setup.get("reward") == EXACT


def _most(entry: Entry) -> int:
    """Bytes that the episodes of an entry may have."""
    return recorded.MEAN_LIMIT * len(schema.SEEDS) * sum(cell.tasks * cell.rollouts for cell in entry.cells)


def samples(path: Path, entry: Entry) -> tuple[tuple[Packed, bool], ...]:
    """Return episodes of the first seed with whether they were right, at most two of each plain cell.

    One is of the first question that was always answered rightly, one of the first that never was, as ``right`` of the
    cell says. Where the episodes are not kept, or are those of a private salt in use, there are none.

    Raises:
        Rejected: the file is not the one that the entry names, or a line of it is no episode.
    """
    file = recorded.file_of(path)
    if entry.digests or (schema.SALT in entry.fingerprints and not file.exists()):
        return ()
    most = _most(entry)
    if untrusted.sha256(file, most) != entry.episodes:
        raise Rejected("is not the file that entry.json names; `berrypick verify` says more", file=file)
    shown = [number for number, cell in enumerate(entry.cells) if plain(cell) and cell.right][:_CELLS]
    first: dict[int, dict[str, Packed]] = {number: {} for number in shown}
    for line in recorded.read(file, most):
        one = line.episode
        if one.seed != schema.SEEDS[0] or one.cell > max(shown, default=-1):
            break
        if one.cell in first and one.status == "ok":
            first[one.cell].setdefault(one.question_id, one)
            if len(first[one.cell]) > entry.cells[one.cell].tasks:
                reason = f"cell {one.cell} has more questions than entry.json says"
                raise Rejected(reason, file=file, line=line.number)
    return tuple(pair for number in shown for pair in _ends(entry.cells[number], first[number]))


def _ends(cell: EntryCell, first: dict[str, Packed]) -> list[tuple[Packed, bool]]:
    """The first episode of a question that was always right, and that of one that never was."""
    if len(first) != len(cell.right):
        return []  # questions are missing, so that their numbers cannot be told
    always = len(schema.SEEDS) * cell.rollouts
    counted = [(first[question], count) for question, count in zip(sorted(first), cell.right, strict=True)]
    found = []
    for wanted, is_right in ((always, True), (0, False)):
        found += [(episode, is_right) for episode, count in counted if count == wanted][:1]
    return found
