"""What a suite asks of a submission: its cells, their questions, and hashes of the data that decide a number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from berrypick.benchmarks import cells
from berrypick.benchmarks.suites import SUITES, Cell, cells_of, privately
from berrypick.benchmarks.versions import contract
from berrypick.envs.tasks import Tasks
from berrypick.leaderboard import schema


class Plan:
    """A suite in a protocol, as it stands here. Worlds are loaded, and built, when one is needed.

    Args:
        suite: a row of ``SUITES``.
        protocol: a row of ``PROTOCOLS``.
        salt: digest of the salt whose worlds are meant, "" for everybody's.

    Raises:
        UnknownName: no such suite or protocol.
        BadInput: the salt is not in use.
    """

    def __init__(self, suite: str, protocol: str, salt: str = "") -> None:
        SUITES[suite]  # never corpus:NAME, which may be a path: a stranger's file says what is opened here
        self.suite, self.protocol, self.salt = suite, protocol, salt
        self.cells, self.contract = cells_of(suite, protocol), contract(suite)
        if salt:
            self.cells = privately(self.cells, salt)
        self._turns = [int(cells.resolved(cell)["max_turns"]) for cell in self.cells]
        self._tasks: dict[Cell, Tasks] = {}
        self._questions: dict[Cell, dict[str, int]] = {}

    def tasks(self, number: int) -> Tasks:
        """All questions of a cell's environment."""
        bare = self.cells[number].bare
        if bare not in self._tasks:
            self._tasks[bare] = cells.search_env(bare).tasks
        return self._tasks[bare]

    def questions(self, number: int) -> dict[str, int]:
        """The questions that a cell asks: id to the environment's number, in the order of the numbers."""
        bare = self.cells[number].bare
        if bare not in self._questions:
            tasks = self.tasks(number)
            self._questions[bare] = {tasks.at(task).question.id: task for task in cells.choose(tasks, bare.tasks)}
        return self._questions[bare]

    def text(self, question: str) -> str | None:
        """How a question is put in the first plain cell that asks it; None where none does."""
        for number, cell in enumerate(self.cells):
            if cell == cell.bare and question in self.questions(number):
                return self.tasks(number).at(self.questions(number)[question]).question.text
        return None

    def orders(self, numbers: Sequence[int]) -> bool:
        """Whether all are numbers of cells, each once and in order."""
        return list(numbers) == sorted(set(numbers) & set(range(len(self.cells))))

    def turns(self, number: int) -> int:
        """Turns of an episode of a cell, at most."""
        return self._turns[number]

    def episodes(self, seeds: int) -> int:
        """Episodes of so many runs."""
        return seeds * sum(cell.tasks * cell.rollouts for cell in self.cells)

    def corpora(self, number: int) -> dict[str, str]:
        """Fingerprints of the corpora that a cell searches."""
        worlds = (self.tasks(number).world(slot) for slot in cells.slots(self.cells[number]))
        return dict(pair for world in worlds for pair in cells.fingerprints(world.corpus))

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Hashes of what is searched and asked, and of the salt; an index follows from its corpus and the protocol."""
        salt = {schema.SALT: self.salt} if self.salt else {}
        searched = (self.corpora(number) for number in range(len(self.cells)))
        return salt | {name: value for corpora in searched for name, value in corpora.items()}
