"""The board: submissions in groups that can be compared, ranked without a blended score.

A group is what has the same suite and protocol, the same versions of suite, protocol and scorer, and the same documents
and questions. Nothing is compared across groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics.table import Value
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.stats import bootstrap
from berrypick.benchmarks.stats.bootstrap import Difference
from berrypick.benchmarks.suites import SUITES
from berrypick.leaderboard import entries, episodes, schema
from berrypick.leaderboard.baselines import CEILINGS, is_baseline
from berrypick.leaderboard.recorded import Packed
from berrypick.leaderboard.schema import Entry, Grant
from berrypick.leaderboard.untrusted import Rejected

#: Columns: metric -> digits shown and whether more is better (None: neither).
COLUMNS: Final[dict[str, tuple[int, bool | None]]] = {
    "EM": (2, True),
    "pass@4": (2, True),
    "pass@16": (2, True),
    "strategies_D2": (2, True),
    "route_coverage": (2, True),
    "adaptivity": (2, True),
    "resilience_mean": (2, True),
    "resilience_worst": (2, True),
    "searches": (1, False),
    "tokens": (0, False),
    "invalid": (2, False),
    "unsupported": (2, False),
}
#: Means over the episodes that ran: whoever drops failures betters them.
OF_WHAT_RAN: Final = ("adaptivity", "searches", "tokens", "invalid", "unsupported")
#: Share of the episodes that may be missing without these being blank: endpoints fail, and it moves them by no more.
SPARED: Final = 0.01
#: Tier of what nobody checked.
CLAIMED: Final = "self-reported"
#: What the Pareto front is over; a blank counts as least.
FRONT: Final = ("EM", "strategies_D2", "resilience_mean")


class BoardRow(NamedTuple):
    """One submission.

    Attributes:
        entry: as submitted.
        samples: a few of its episodes, with whether they were right.
        grant: tier that a maintainer gave, None where the entry's own claim is all there is.
    """

    entry: Entry
    samples: tuple[tuple[Packed, bool], ...] = ()
    grant: Grant | None = None

    def value(self, metric: str) -> Value:
        """A metric over the suite, blank where there is none, and where what is missing may have bettered it."""
        asked = len(self.entry.seeds) * sum(cell.tasks * cell.rollouts for cell in self.entry.cells)
        if metric in OF_WHAT_RAN and self.missing > SPARED * asked:
            return BLANK
        return self.entry.metrics.get(metric, BLANK)

    @property
    def tier(self) -> str:
        """What a maintainer gave, else what the entry claims, unless nobody but the keeper of a salt could check it."""
        if self.grant:
            return self.grant.tier
        return CLAIMED if schema.SALT in self.entry.fingerprints else self.entry.tier

    @property
    def missing(self) -> int:
        """Episodes that failed or are not there."""
        return sum(cell.missing for cell in self.entry.cells)

    @property
    def anchor(self) -> bool:
        """Whether this is one of the rows that the project itself submits, with which everything is compared."""
        return is_baseline(self.entry.name, self.entry.suite, self.entry.agent)

    @property
    def ceiling(self) -> bool:
        """Whether the agent is given the evidence."""
        return self.anchor and self.entry.agent in CEILINGS


class NextBetter(NamedTuple):
    """What a row is compared with.

    Attributes:
        partner: name of the row that is next better in EM.
        difference: EM of that row less one's own, question by question; None where an agent does not read a plain
            cell.
    """

    partner: str
    difference: Difference | None


class Group(NamedTuple):
    """Submissions that can be compared, by EM.

    Attributes:
        key: short hash of the versions and fingerprints.
        rows: in order.
        front: names of the rows that no other exceeds in all that ``FRONT`` names.
        above: name of a row -> what it is compared with; the first has nothing.
    """

    key: str
    rows: tuple[BoardRow, ...]
    front: frozenset[str]
    above: dict[str, NextBetter]

    @property
    def suite(self) -> str:
        """What was played."""
        return self.rows[0].entry.suite

    @property
    def title(self) -> str:
        """What heads its table."""
        entry = self.rows[0].entry
        salt = entry.fingerprints.get(schema.SALT)
        worlds = f", worlds of the private salt {salt:.8}" if salt else ""
        return f"{self.suite}-v{entry.contract.suite}, {entry.protocol}{worlds}"

    def columns(self) -> list[str]:
        """The columns in which some row has a value."""
        return [name for name in COLUMNS if any(row.value(name).value is not None for row in self.rows)]


def read(folder: Path) -> list[Group]:
    """Read a folder of submissions, which may be missing or empty, with the tiers that stand in a file beside it.

    Raises:
        Rejected: a submission that `berrypick verify` would not accept either, of which not all are found here, or
            tiers that fit no submission.
    """
    there = sorted(path for path in folder.glob("*") if (path / schema.ENTRY).exists())
    found = [(path, entries.read(path)) for path in there]
    tiers = entries.read_tiers(folder.parent / schema.TIERS, {entry.name: entry for _, entry in found})
    found = [(path, episodes.with_right(path, entry)) for path, entry in found]
    return groups(BoardRow(entry, episodes.samples(path, entry), tiers.get(entry.name)) for path, entry in found)


def groups(rows: Iterable[BoardRow]) -> list[Group]:
    """Group and order rows: suites as ``SUITES`` has them, within a group by EM, then by name.

    Raises:
        Rejected: rows of a group have different cells.
    """
    by_key: dict[tuple[int, str, str, str], list[BoardRow]] = {}
    known = list(SUITES)
    for row in rows:
        entry = row.entry
        place = known.index(entry.suite) if entry.suite in known else len(known)
        digest = hashlib.sha256(result.canonical((entry.contract, entry.fingerprints))).hexdigest()
        by_key.setdefault((place, entry.suite, entry.protocol, digest), []).append(row)
    return [_group(key[3][:8], several) for key, several in sorted(by_key.items())]


def _group(key: str, rows: Sequence[BoardRow]) -> Group:
    for row in rows:
        if len(row.entry.cells) != len(rows[0].entry.cells):
            both = f"{row.entry.name} and {rows[0].entry.name}"
            raise Rejected(f"{both} have the same versions and fingerprints, and not the same cells")
    ordered = sorted(rows, key=lambda row: (-_number(row, "EM"), row.entry.name))
    above = {row.entry.name: NextBetter(before.entry.name, against(before, row)) for before, row in pairwise(ordered)}
    return Group(key, tuple(ordered), front(ordered), above)


def _number(row: BoardRow, metric: str) -> float:
    value = row.value(metric).value
    return -1.0 if value is None else value


def front(rows: Sequence[BoardRow]) -> frozenset[str]:
    """Names of the rows that no other matches everywhere and exceeds somewhere; ceilings play no part."""
    points = {
        row.entry.name: [_number(row, metric) for metric in FRONT]
        for row in rows
        if not row.ceiling and row.value("EM").value is not None
    }

    def beaten(name: str) -> bool:
        own = points[name]
        return any(point != own and all(a >= b for a, b in zip(point, own, strict=True)) for point in points.values())

    return frozenset(name for name in points if not beaten(name))


def against(before: BoardRow, row: BoardRow) -> Difference | None:
    """EM of one row less that of another of its group: unweighted mean over the plain cells, paired over questions.

    None where a plain cell is not read, or where an entry does not say how often each question was answered rightly.
    """
    pairs = [
        (number, ours, theirs)
        for number, (ours, theirs) in enumerate(zip(before.entry.cells, row.entry.cells, strict=True))
        if episodes.plain(ours)
    ]
    if not pairs or any(not (ours.right and len(ours.right) == len(theirs.right)) for _, ours, theirs in pairs):
        return None
    estimates = []
    for number, ours, theirs in pairs:
        times = len(schema.SEEDS) * max(ours.rollouts, 1)
        gaps = np.array(ours.right) / times - np.array(theirs.right) / times
        weights = bootstrap.draw(len(gaps), schema.SEEDS[0], number)
        estimates.append(bootstrap.estimate(lambda means: means[..., 0], gaps[:, None], weights))
    return bootstrap.difference(bootstrap.mean(estimates))
