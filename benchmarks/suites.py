"""What is run to compare agents: a suite is a list of cells, and a cell is data."""

from __future__ import annotations

from typing import Any, Final

from berrypick.records import Record
from berrypick.registry import Table

ROLLOUTS: Final = 16


def label(env: str, knockouts: tuple[str, ...], faults: tuple[str, ...]) -> str:
    """Name a cell in short: the environment without namespace and version, and what was changed in it."""
    return " ".join((env.removeprefix("berrypick/").rsplit("-v", 1)[0], *knockouts, *faults))


class Cell(Record):
    """One (environment, knock-outs, faults) with the number of tasks and rollouts played in it.

    Attributes:
        env: Gymnasium id.
        corpus: registered name of the corpus, which agents are asked whether they can read.
        worlds: number of worlds the tasks are drawn from; 1 for corpora of one world.
        tasks: questions asked, spread over the worlds.
        rollouts: episodes per question.
        split: split of worlds and questions.
        knockouts: lasting changes that remove a way of finding things.
        faults: ways in which the engines misbehave.
    """

    env: str
    corpus: str
    worlds: int
    tasks: int
    rollouts: int = ROLLOUTS
    split: str = "test"
    knockouts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What tables and pictures call the cell."""
        return label(self.env, self.knockouts, self.faults)

    @property
    def plain(self) -> bool:
        """Whether nothing was changed in the environment; only such cells enter the means over cells."""
        return not (self.knockouts or self.faults)

    def make(self) -> dict[str, Any]:
        """Keywords for ``gymnasium.make(cell.env, ...)``."""
        changes = {"knockouts": self.knockouts, "faults": self.faults}
        where = {"corpus": self.corpus, "worlds": self.worlds, "split": self.split}
        return where | {name: names for name, names in changes.items() if names}


ALMANAC: Final = "almanac-small"
FACTBOOK: Final = "factbook"
FAMILIES: Final = ("Bridge", "Intersection", "Comparison", "Alias", "Inverse")

SUITES: Table[tuple[Cell, ...]] = Table("suite")
SUITES.add(
    "quick",
    (
        Cell("berrypick/Almanac-v0", ALMANAC, worlds=4, tasks=60),
        Cell("berrypick/Factbook-v0", FACTBOOK, worlds=1, tasks=60),
    ),
    "Almanac and Factbook, 60 questions each x 16 rollouts; minutes",
)
SUITES.add(
    "core",
    (
        *(Cell(f"berrypick/Almanac{family}-v0", ALMANAC, worlds=10, tasks=200) for family in FAMILIES),
        Cell("berrypick/Factbook-v0", FACTBOOK, worlds=1, tasks=200),
    ),
    "every Almanac family and Factbook, 200 questions each x 16 rollouts",
)
