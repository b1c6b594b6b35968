"""Does R3 see reasoning? How it ranks episodes, and what is left of that behind another question's reasoning.

The checks of Xu et al. 2025 (arXiv 2506.13351) on a task whose answers can be verified: reward by reflective tokens has
to rank episodes by correctness better than the uniform mean does, and reasoning that belongs to other questions has to
destroy both the spread and the ranking. And what the query filter would spare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from berrypick import files
from berrypick.benchmarks import bootstrap, provenance
from berrypick.benchmarks.bootstrap import Difference, Estimate
from berrypick.benchmarks.metrics_base import Array, Value
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.refining import each_once
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.second_attempts import FIRST, Sizes, Tick
from berrypick.errors import BadInput
from berrypick.records import Record

if TYPE_CHECKING:
    from torch import Tensor

    from berrypick.agents.methods.base import Batch
    from berrypick.agents.training.learner import Learner, Played, Reader

#: What is measured of each question, see ``Reflection``.
_MEASURES: Final = ("rank_r3", "rank_uniform", "rank_elsewhere", "sigma", "sigma_elsewhere")


class Reflection(Record):
    """What was found in one split; values are means over questions, with 95 % intervals over them.

    Attributes:
        split: of the worlds.
        questions: that were asked.
        right: share of their episodes.
        rank_r3: Spearman's correlation of R3 and reward within a question, where both differ.
        rank_uniform: the same of the mean log-probability of the answer's tokens.
        more: the first less the second, question by question.
        rank_elsewhere: the first, of R3 behind another question's reasoning and the reward of that reasoning.
        sigma: largest deviation of an answer's token over a question's episodes, in nats.
        sigma_elsewhere: the same behind another question's reasoning.
        less: the last less the one before, question by question.
        dropped: share of the questions that ``r3_filter`` drops.
        dropped_telling: of those whose episodes do not all have one reward.
        spared: share of the generated tokens that belong to dropped questions.
    """

    split: str
    questions: int
    right: Value
    rank_r3: Value
    rank_uniform: Value
    more: Difference
    rank_elsewhere: Value
    sigma: Value
    sigma_elsewhere: Value
    less: Difference
    dropped: float
    dropped_telling: float | None
    spared: float


class Reflected(Record):
    """The file; attributes are the arguments of ``measure``, what it found, and where that comes from."""

    policy: str
    weights: str
    env: str
    options: dict[str, Any]
    groups: int
    size: int
    seed: int
    splits: tuple[Reflection, ...]
    provenance: Provenance


@dataclass
class _Book:
    """Of each question: its share of right episodes, ``_MEASURES``, whether the filter drops it, and its tokens."""

    right: list[float] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    dropped: list[bool] = field(default_factory=list)
    telling: list[bool] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


def measure(
    policy: str,
    env: str,
    options: Mapping[str, Any],
    splits: Sequence[str],
    sizes: Sizes,
    command: Sequence[str],
    tick: Tick = lambda _: None,
) -> Reflected:
    """Measure one policy of the text track.

    Args:
        policy: a published start or a folder.
        env: id of the environment.
        options: its arguments beside the split.
        splits: of the worlds that are played.
        sizes: how much is played in each split.
        command: its words, for the file.
        tick: called after each lot of episodes.

    Raises:
        BadInput: a number is out of range, a split is there twice, or the policy or environment cannot be used.
        UnknownName: no such environment or split.
    """
    from berrypick.agents.lm.load import weights
    from berrypick.agents.training.config import Config
    from berrypick.agents.training.learners import make_learner, track

    each_once("split", splits)
    sizes.check(2)
    if track(env) != "text":
        raise BadInput(f"R3 reads reasoning, and {env} is in numbers; use the text track", field="env")
    found = []
    for split in splits:
        learner = make_learner(Config("grpo", policy, env, {**options, "split": split}))
        assert learner.reader is not None, "learners of the text track read"
        found.append(reflect(learner, learner.reader, split, sizes, tick))
    source = provenance.collect(command, {}, {}, {})
    return Reflected(policy, weights(policy), env, dict(options), *sizes, tuple(found), source)


def write(path: Path, found: Reflected) -> None:
    """Write the file."""
    files.write_bytes(path, canonical(found))


def reflect(learner: Learner, reader: Reader, split: str, sizes: Sizes, tick: Tick = lambda _: None) -> Reflection:
    """Play questions, and reflect on each answer twice: behind its own reasoning and behind another question's.

    Args:
        learner: who plays.
        reader: the same, as it reads.
        split: what ``Reflection`` calls it.
        sizes: how much.
        tick: called ``sizes.lots`` times.
    """
    book = _Book()
    for lot in np.array_split(np.arange(sizes.groups), sizes.lots):
        _add(learner.play(sizes.seed, FIRST + int(lot[0]), len(lot), sizes.size), reader, sizes.size, book)
        tick(f"{split}: {len(book.rows)} questions")
    return _told(split, book, sizes.seed)


def _add(played: Played, reader: Reader, size: int, book: _Book) -> None:
    """Measure each question of a lot, which gets the reasoning of the next one."""
    import torch

    from berrypick.agents.methods import make
    from berrypick.agents.methods.r3 import likelihoods, reflection, spread, uniform_mean
    from berrypick.agents.training.reflection import rank_correlations

    count = len(played.traces)
    donors = [(row + size) % count for row in range(count)]
    own, elsewhere = reader.reflect(played), reader.reflect(played, donors)
    here, there = likelihoods(own), likelihoods(elsewhere)
    scored = (
        (reflection(here, own.group), own.reward),
        (uniform_mean(here), own.reward),
        (reflection(there, own.group), own.reward[torch.tensor(donors)]),
    )
    ranks = [rank_correlations(score, reward, own.group) for score, reward in scored]
    sigmas = [_by_group(spread(each, own.group).amax(dim=1), size)[:, 0].tolist() for each in (here, there)]
    known = [[math.nan if value is None else value for value in each] for each in (*ranks, *sigmas)]
    book.rows += [list(row) for row in zip(*known, strict=True)]
    _filtered(own, make("r3_filter").select(own, own.reward), size, book)


def _filtered(batch: Batch, keep: Tensor, size: int, book: _Book) -> None:
    reward = _by_group(batch.reward, size)
    book.right += reward.double().mean(dim=1).tolist()
    book.dropped += (~_by_group(keep, size)[:, 0]).tolist()
    book.telling += (reward.amin(dim=1) < reward.amax(dim=1)).tolist()
    book.tokens += _by_group(batch.mask.sum(dim=1), size).sum(dim=1).tolist()


def _by_group(each: Tensor, size: int) -> Tensor:
    """Values of episodes by question. Shapes: (N,); (groups, size)."""
    return each.reshape(-1, size)


def _told(split: str, book: _Book, seed: int) -> Reflection:
    rows, dropped, telling, tokens = map(np.array, (book.rows, book.dropped, book.telling, book.tokens))
    values = {name: bootstrap.value(_mean(rows[:, [place]], seed)) for place, name in enumerate(_MEASURES)}
    return Reflection(
        split=split,
        questions=len(rows),
        right=bootstrap.value(_mean(np.array(book.right)[:, None], seed)),
        more=bootstrap.difference(_mean(rows[:, [0]] - rows[:, [1]], seed)),
        less=bootstrap.difference(_mean(rows[:, [4]] - rows[:, [3]], seed), better=-1),
        dropped=float(dropped.mean()),
        dropped_telling=float(dropped[telling].mean()) if telling.any() else None,
        spared=float(tokens[dropped].sum() / tokens.sum()),
        **values,
    )


def _mean(rows: Array, seed: int) -> Estimate | None:
    """Mean over the questions that have a value, questions resampled."""
    return bootstrap.estimate(lambda means: np.asarray(means[..., 0]), rows, bootstrap.draw(len(rows), seed, 0))
