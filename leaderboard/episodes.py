"""What the board takes from a submission's episodes: which answers were right, and a few episodes to look at.

Reads what `berrypick verify` has accepted; nothing is replayed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from berrypick.leaderboard import schema, untrusted
from berrypick.leaderboard.schema import Entry, EntryCell, SeededEpisode
from berrypick.leaderboard.untrusted import Rejected

Row = TypeVar("Row")

#: The reward that is 1 for an exact match and else 0.
EXACT: Final = "exact_match"
#: Cells of which episodes are shown: of each the first that was right and the first that was not.
_SHOWN: Final = 3


class Played(NamedTuple):
    """What the episodes of a submission say.

    Attributes:
        right: number of a plain cell -> question -> share of exact matches, over rollouts and seeds; only questions
            that were played. Without the cells that the agent does not read, and those with another reward.
        samples: episodes of the first seed, in order.
    """

    right: dict[int, dict[str, float]]
    samples: tuple[SeededEpisode, ...]


class _Brief(msgspec.Struct):
    """The few fields that every line is read for."""

    cell: int
    question_id: str
    seed: int
    reward: float


_BRIEF: Final = msgspec.json.Decoder(_Brief)


def plain(cell: EntryCell) -> bool:
    """Whether nothing was changed in a cell of an entry."""
    return not cell.setup.get("knockouts") and not cell.setup.get("faults")


def read(path: Path, entry: Entry) -> Played:
    """Read the episodes of a submission.

    Raises:
        Rejected: the file is not the one that the entry names, or a line of it is no episode of the entry's cells.
    """
    file = path / schema.EPISODES
    if schema.SALT in entry.fingerprints and not file.exists():
        return Played({}, ())  # the questions of a salt in use are in nobody's hands; RULES.md says until when
    most = schema.MEAN_LIMIT * len(schema.SEEDS) * sum(cell.tasks * cell.rollouts for cell in entry.cells)
    if untrusted.sha256(file, most) != entry.episodes:
        raise Rejected("is not the file that entry.json names; `berrypick verify` says more", file=file)
    cells = [number for number, cell in enumerate(entry.cells) if plain(cell) and number not in entry.unread]
    right = {number: Counter[str]() for number in cells if entry.cells[number].setup.get("reward") == EXACT}
    samples: dict[tuple[int, bool], SeededEpisode] = {}
    for number, line in untrusted.lines(file, schema.LINE_LIMIT, most):
        brief = _decode(line, _BRIEF.decode, file, number)
        if brief.cell in right:
            right[brief.cell][brief.question_id] += brief.reward == 1.0
            if len(right[brief.cell]) > entry.cells[brief.cell].tasks:
                raise Rejected(f"cell {brief.cell} has more questions than entry.json says", file=file, line=number)
        key = brief.cell, brief.reward == 1.0
        if brief.seed == schema.SEEDS[0] and brief.cell in cells[:_SHOWN] and key not in samples:
            samples[key] = _decode(line, schema.LINE_DECODER.decode, file, number)
    times = {number: len(schema.SEEDS) * max(entry.cells[number].rollouts, 1) for number in right}
    shares = {cell: {id: count / times[cell] for id, count in found.items()} for cell, found in right.items()}
    return Played(shares, tuple(samples[key] for key in sorted(samples, key=lambda key: (key[0], not key[1]))))


def _decode(line: bytes, decode: Callable[[bytes], Row], file: Path, number: int) -> Row:
    try:
        return decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(untrusted.plain(f"is no episode: {error}"), file=file, line=number) from error
