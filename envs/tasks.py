"""Which questions an environment asks, and their numbers.

Task ids interleave the worlds: task ``t`` is question ``t // n`` of world slot ``t % n`` of ``n``, so the first tasks
of any number are spread evenly over the worlds.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from berrypick.corpora import CORPORA, SPLITS
from berrypick.envs import worlds
from berrypick.envs.worlds import World
from berrypick.errors import BadInput
from berrypick.records import Question
from berrypick.registry import UnknownName
from berrypick.seeding import rng


def whole(value: Any, field: str) -> int:
    """Return a whole number as an ``int``, NumPy's too; raises BadInput for anything else, 3.0 and "3" included."""
    try:
        return operator.index(value)
    except TypeError:
        raise BadInput(f"must be a whole number, got {value!r}", field=field) from None


class Task(NamedTuple):
    """A question in its world."""

    slot: int
    world: World
    question: Question


class Tasks:
    """The questions of some worlds after the filters. Worlds are loaded when one of their questions is needed.

    Args:
        corpus: a registered corpus, an added one, or a folder.
        numbers: ``n`` for worlds 0 to n-1, or the numbers themselves; ignored by corpora of one world.
        split: train, dev or test; None for questions of any split, in corpora of one world.
        families: families to ask, None for all.
        answered: ask only questions whose answer is known, as rewards that score the answer need it.

    Raises:
        UnknownName: no such corpus or split.
        BadInput: the numbers are empty, repeated or negative, the families are empty, or a split is needed.
    """

    def __init__(
        self,
        corpus: str,
        numbers: int | Sequence[int],
        split: str | None,
        families: tuple[str, ...] | None,
        *,
        answered: bool = False,
    ) -> None:
        worlds.check_corpus(corpus)
        if split is not None and split not in SPLITS:
            raise UnknownName("split", split, list(SPLITS))
        if split is None and worlds.has_worlds(corpus):
            raise BadInput(f"{corpus} is a family of worlds: split must be one of {', '.join(SPLITS)}", field="split")
        if families == ():
            raise BadInput("name at least one family, or None for all", field="families")
        several = numbers if isinstance(numbers, Iterable) else range(whole(numbers, "worlds"))
        numbers = tuple(whole(number, "worlds") for number in several)
        if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 0:
            raise BadInput(f"must be a positive count, or distinct world numbers; got {numbers}", field="worlds")
        self.corpus, self.split, self.families, self.answered = corpus, split, families, answered
        self.numbers = numbers if worlds.has_worlds(corpus) else (0,)
        self._questions: dict[int, tuple[Question, ...]] = {}
        self._worlds: dict[int, World] = {}

    @property
    def is_loaded_corpus(self) -> bool:
        """Whether the corpus is not one that is built here, so that nobody has checked what it asks."""
        return self.corpus not in CORPORA

    def world(self, slot: int) -> World:
        """Return the world of a slot."""
        if slot not in self._worlds:
            self._worlds[slot] = worlds.open_world(self.corpus, self.split or "", self.numbers[slot])
        return self._worlds[slot]

    def questions(self, slot: int) -> tuple[Question, ...]:
        """Return the questions of a slot, in the corpus's order."""
        if slot not in self._questions:
            self._questions[slot] = self._filtered(slot)
        return self._questions[slot]

    def count(self) -> int:
        """Number of tasks that exist in every world; loads all worlds. Task ids below it are valid."""
        return len(self.numbers) * min(len(self.questions(slot)) for slot in range(len(self.numbers)))

    def at(self, task_id: int) -> Task:
        """Return a task by its number.

        Raises:
            BadInput: the world has no question of that number.
        """
        number, slot = divmod(task_id, len(self.numbers))
        if not 0 <= number < len(self.questions(slot)):
            asked = f"worlds: {len(self.numbers)}, questions in world {self.numbers[slot]}: {len(self.questions(slot))}"
            raise BadInput(f"there is no task {task_id} ({asked})", field="task_id")
        return Task(slot, self.world(slot), self.questions(slot)[number])

    def number(self, task: Task) -> int:
        """Return the task id of a task of this environment, by which ``at`` gives it back."""
        return self.questions(task.slot).index(task.question) * len(self.numbers) + task.slot

    def named(self, question_id: str) -> Task:
        """Return a task by its question's id, loading worlds until one holds it.

        Raises:
            BadInput: no world of this environment asks that question.
        """
        for slot in range(len(self.numbers)):
            world = self.world(slot)
            question = world.corpus.question_by_id.get(question_id)
            if question is not None and self._asks(question):
                return Task(slot, world, question)
        raise BadInput(
            f"no question {question_id!r} in {self.corpus}, split {self.split}, worlds {self.numbers}, "
            f"families {self.families or 'all'}",
            field="question_id",
        )

    def draw(self, seed: int, episode: int) -> Task:
        """Draw the task of an episode: its world uniformly, then its question uniformly."""
        generator = rng(seed, "task", episode)
        slot = int(generator.integers(len(self.numbers)))
        questions = self.questions(slot)
        return Task(slot, self.world(slot), questions[int(generator.integers(len(questions)))])

    def unanswered(self, slot: int) -> int:
        """Count the questions of a slot that are left out because nobody knows their answer."""
        asked = self.world(slot).corpus.questions
        return sum(self.answered and not question.answers and self._fits(question) for question in asked)

    def _fits(self, question: Question) -> bool:
        return (self.split is None or question.split == self.split) and (
            self.families is None or question.family in self.families
        )

    def _asks(self, question: Question) -> bool:
        return self._fits(question) and bool(question.answers or not self.answered)

    def _filtered(self, slot: int) -> tuple[Question, ...]:
        corpus = self.world(slot).corpus
        known = sorted({question.family for question in corpus.all_questions})
        for family in self.families or ():
            if family not in known:
                raise UnknownName("family", family, known)
        kept = tuple(question for question in corpus.questions if self._asks(question))
        if not kept and (silent := self.unanswered(slot)):
            told = f"expected questions with answers, found {silent} without"
            raise BadInput(f"{told}; {corpus.name} is asked with reward='evidence'", field="reward")
        if not kept:
            there = Counter((question.split, question.family) for question in corpus.questions)
            has = ", ".join(f"{split} {family}: {n}" for (split, family), n in sorted(there.items())) or "none"
            raise BadInput(
                f"{corpus.name} has no question of split {self.split} and families {self.families or 'all'}; "
                f"it has {has}",
                field="split",
            )
        return kept
