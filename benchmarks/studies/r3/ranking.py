"""Does R3 see reasoning? How it ranks episodes, and what is left of that behind another question's reasoning.

The checks of Xu et al. 2025 (arXiv 2506.13351) on a task whose answers can be verified: reward by reflective tokens has
to rank episodes by correctness better than the uniform mean does, and reasoning that belongs to other questions has to
destroy both the spread and the ranking. And what the query filter would spare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from berrypick import io
from berrypick.benchmarks import provenance
from berrypick.benchmarks.metrics.base import Array, Value
from berrypick.benchmarks.provenance import Provenance
from berrypick.benchmarks.result import canonical
from berrypick.benchmarks.run import Progress
from berrypick.benchmarks.stats import bootstrap
from berrypick.benchmarks.stats.bootstrap import Difference, Estimate
from berrypick.benchmarks.studies.critique.run import each_once, reading
from berrypick.benchmarks.studies.critique.second_attempts import FIRST, Sizes
from berrypick.records import Record

if TYPE_CHECKING:
    from berrypick.agents.training.learner import RolloutBatch, TextLearner

#: What is measured of each question, see ``Reflection``.
_MEASURES: Final = ("right", "rank_r3", "rank_uniform", "rank_elsewhere", "sigma", "sigma_elsewhere")


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


class _Asked(NamedTuple):
    """What was found of one draw of a question; NaN where there is no value. Attributes as in ``Reflection``."""

    right: float
    rank_r3: float
    rank_uniform: float
    rank_elsewhere: float
    sigma: float
    sigma_elsewhere: float
    dropped: bool
    telling: bool
    tokens: int


def measure(
    policy: str,
    env: str,
    options: Mapping[str, Any],
    splits: Sequence[str],
    sizes: Sizes,
    command: Sequence[str],
    on_progress: Progress = lambda _: None,
) -> Reflected:
    """Measure one policy of the text track.

    Args:
        policy: a published start or a folder.
        env: id of the environment.
        options: its arguments beside the split.
        splits: of the worlds that are played.
        sizes: how much is played in each split.
        command: its words, for the file.
        on_progress: called after each batch of episodes.

    Raises:
        BadInput: a number is out of range, a split is there twice, or the policy or environment cannot be used.
        UnknownName: no such environment or split.
    """
    from berrypick.agents.lm.load import weights

    each_once("split", splits)
    sizes.check(2)
    found = [reflect(learner, split, sizes, on_progress) for split, learner in reading(policy, env, options, splits)]
    source = provenance.collect(command, {}, {}, {})
    return Reflected(policy, weights(policy), env, dict(options), *sizes, tuple(found), source)


def write(path: Path, found: Reflected) -> None:
    """Write the file."""
    io.write_bytes(path, canonical(found))


def reflect(learner: TextLearner, split: str, sizes: Sizes, on_progress: Progress = lambda _: None) -> Reflection:
    """Play questions, and reflect on each answer twice: behind its own reasoning and behind another question's.

    Args:
        learner: who plays.
        split: what ``Reflection`` calls it.
        sizes: how much.
        on_progress: called ``sizes.batches`` times.
    """
    book: dict[str, list[_Asked]] = {}
    for batch in np.array_split(np.arange(sizes.groups), sizes.batches):
        played = learner.play(sizes.seed, FIRST + int(batch[0]), len(batch), sizes.size)
        questions = [trace.question.id for trace in played.traces[:: sizes.size]]
        for question, asked in zip(questions, _measured(played, learner, sizes.size), strict=True):
            book.setdefault(question, []).append(asked)
        on_progress(f"{split}: {len(book)} questions")
    return _told(split, book, sizes.seed)


def _measured(played: RolloutBatch, learner: TextLearner, size: int) -> Iterator[_Asked]:
    """Measure each question of a batch, which gets the reasoning of the next one."""
    import torch

    from berrypick.agents.methods import make
    from berrypick.agents.methods.signal.r3 import likelihoods, reflection, spread, uniform_mean
    from berrypick.agents.training.text.reflection import rank_correlations

    count = len(played.traces)
    donors = [(row + size) % count for row in range(count)]
    own, elsewhere = (
        replace(played.batch, extra=learner.reference_answers(played, behind)) for behind in (None, donors)
    )
    here, there = likelihoods(own), likelihoods(elsewhere)
    scored = (
        (reflection(here, own.group), own.reward),
        (uniform_mean(here), own.reward),
        (reflection(there, own.group), own.reward[torch.tensor(donors)]),
    )
    r3, uniform, moved = (
        [math.nan if rank is None else rank for rank in rank_correlations(*each, own.group)] for each in scored
    )
    sigma, moved_sigma = (spread(each, own.group).amax(dim=1)[::size].tolist() for each in (here, there))
    keep = make("r3_filter").select(own, own.reward)
    for number in range(count // size):
        rows = slice(number * size, (number + 1) * size)
        reward = own.reward[rows].double()
        yield _Asked(
            right=float(reward.mean()),
            rank_r3=r3[number],
            rank_uniform=uniform[number],
            rank_elsewhere=moved[number],
            sigma=sigma[number],
            sigma_elsewhere=moved_sigma[number],
            dropped=not keep[rows.start],
            telling=bool(reward.min() < reward.max()),
            tokens=int(own.mask[rows].sum()),
        )


def _told(split: str, book: Mapping[str, Sequence[_Asked]], seed: int) -> Reflection:
    """What is said of a split; a question that was drawn twice counts as one."""
    draws = [asked for some in book.values() for asked in some]
    dropped, telling, tokens = (np.array([getattr(asked, name) for asked in draws]) for name in _Asked._fields[6:])
    of = {name: np.array([_known([getattr(a, name) for a in some]) for some in book.values()]) for name in _MEASURES}
    return Reflection(
        split=split,
        questions=len(book),
        more=bootstrap.difference(_mean(of["rank_r3"] - of["rank_uniform"], seed)),
        less=bootstrap.difference(_mean(of["sigma_elsewhere"] - of["sigma"], seed), better=-1),
        dropped=float(dropped.mean()),
        dropped_telling=float(dropped[telling].mean()) if telling.any() else None,
        spared=float(tokens[dropped].sum() / tokens.sum()),
        **{name: bootstrap.value(_mean(each, seed)) for name, each in of.items()},
    )


def _known(values: Sequence[float]) -> float:
    """Mean of those that are known, NaN where none is."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _mean(values: Array, seed: int) -> Estimate | None:
    """Mean over the questions that have a value, questions resampled. Shape (questions,)."""
    weights = bootstrap.draw(len(values), seed, 0)
    return bootstrap.estimate(lambda means: np.asarray(means[..., 0]), values[:, None], weights)
