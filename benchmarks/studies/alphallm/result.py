"""What ``berrypick study search`` writes: its plan, and what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from berrypick import io
from berrypick.agents.treesearch.samples import COMPLETIONS
from berrypick.agents.treesearch.tree import Search
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.stats.bootstrap import Difference
from berrypick.benchmarks.studies.alphallm.numbers import Judged
from berrypick.errors import BadInput
from berrypick.records import Record
from berrypick.seeding import ROLLOUTS_PER_TASK

RESULT: Final = "search.json"
#: The process critic where an episode is not over.
PREFIXES: Final = "process, prefixes alone"
#: Rollouts a question: each and its completions have numbers of their own.
_MOST: Final = ROLLOUTS_PER_TASK // (COMPLETIONS + 1)


class Plan(Record):
    """What is done.

    Attributes:
        policy: a published start, a folder or a hub name.
        seed: of all draws.
        corpus: with train and dev worlds.
        worlds: of each.
        critic_train_questions: train questions that critics learn from.
        eval_questions: dev questions that they are judged on, and that are searched.
        group_size: rollouts a question.
        distill_questions: train questions that are searched to be imitated.
        threshold: outcome score from which what was found is imitated.
        greedy_questions: dev questions that are played greedily, and ``group_size`` times for the ways that are left.
        search: how trees grow.
    """

    policy: str
    seed: int = 0
    corpus: str = "almanac-small"
    worlds: int = 4
    critic_train_questions: int = 64
    eval_questions: int = 48
    group_size: int = 8
    distill_questions: int = 48
    threshold: float = 0.5
    greedy_questions: int = 120
    search: Search = Search()

    def __post_init__(self) -> None:
        for name in (
            "worlds",
            "critic_train_questions",
            "eval_questions",
            "group_size",
            "distill_questions",
            "greedy_questions",
        ):
            if getattr(self, name) < 1:
                raise BadInput(f"must be at least 1, got {getattr(self, name)}", field=name)
        for name, least, most in (("seed", 0, 2**32 - 1), ("threshold", 0, 1), ("group_size", 1, _MOST)):
            if not least <= getattr(self, name) <= most:
                raise BadInput(f"must be from {least} to {most}, got {getattr(self, name)}", field=name)


class Compared(Record):
    """Ways on the same questions: share of right answers, and the paired difference of the first from each other."""

    right: dict[str, Value]
    difference: dict[str, Difference]


class Result(Record):
    """``search.json``.

    Attributes:
        plan: what was done.
        versions: of what did it.
        commit: of the source tree, None outside one.
        tokens_critics: generated to train the critics.
        judged: critic -> how well it judges; the process critic of prefixes alone too, and of whole episodes a third of
            the sum.
        ranking: best of ``plan.group_size`` rollouts by the sum, by each critic, at random, and by gold (``oracle``).
        search: best candidate of a tree, and of plain rollouts of at least as many tokens.
        tokens: mean tokens a question, of either.
        candidates: mean episodes a question that the best was chosen from, of either.
        merged: share of a tree's options that were merged.
        greedy: the policy after imitating trees, after imitating plain rollouts, and before.
        plain_gained: after imitating plain rollouts less before.
        imitated: episodes, of either.
        ways: strategies_D2 of the three, ``plan.group_size`` rollouts a question.
        ways_lost: before less after imitating either, over questions where both have two grounded successes.
    """

    plan: Plan
    versions: dict[str, str]
    commit: str | None
    tokens_critics: int
    judged: dict[str, Judged]
    ranking: Compared
    search: Compared
    tokens: dict[str, float]
    candidates: dict[str, float]
    merged: float
    greedy: Compared | None = None
    plain_gained: Difference | None = None
    imitated: dict[str, int] = msgspec.field(default_factory=dict)
    ways: dict[str, Value] = msgspec.field(default_factory=dict)
    ways_lost: dict[str, Difference] = msgspec.field(default_factory=dict)


def read(out: Path) -> Result:
    """Read ``search.json``; BadInput names file and field."""
    return io.decode((out / RESULT).read_bytes(), msgspec.json.Decoder(Result), out / RESULT)


def write(out: Path, result: Result) -> None:
    """Write ``search.json``."""
    io.write_bytes(out / RESULT, msgspec.json.format(msgspec.json.encode(result)) + b"\n")
