"""The reference answer after each episode's reasoning (R3, ``methods.r3``), and what is measured with it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from berrypick.agents.lm.render import Script
from berrypick.agents.methods.batch import Batch
from berrypick.agents.methods.signal.r3 import likelihoods, reflection, uniform_mean
from berrypick.agents.training.learner import RolloutBatch, TextLearner
from berrypick.agents.training.text.token_types import ANSWER
from berrypick.envs.actions import Answer
from berrypick.envs.protocols import PROTOCOLS
from berrypick.envs.scoring.trace import Trace

#: Stands for an answer where a protocol is asked what it writes around one.
_SAID: Final = "berrypick"


class ReferenceQuery(NamedTuple):
    """Tokens of an episode up to where it answers, and of the reference answer that is put there."""

    before: tuple[int, ...]
    answer: tuple[int, ...]


class ReferenceAnswer:
    """Annotator of R3: the reference answer's tokens where each episode came to answer, NaN beyond its end.

    ``answer_logprobs``, shape (N, J): their log-probabilities. ``answer_ranks``, shape (N, J): how many tokens were
    likelier than each.
    """

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Keep the learner, which scores the answers."""
        self._learner = learner

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Score the reference answers under the policy as it is now."""
        return self._learner.reference_answers(rollouts)


class InformationGain:
    """Annotator of IGPO: ``information_gain``, shape (N, T): what the turn of a token added.

    It is the reference answer's likelihood at the next turn less that at its own, see ``TextLearner.turn_answers``; 0
    on the last turn of an episode.
    """

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Keep the learner, which scores the answers."""
        self._learner = learner

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Score the reference answers under the policy as it is now."""
        return {"information_gain": added(rollouts.batch, self._learner.turn_answers(rollouts))}


def added(batch: Batch, likely: Tensor) -> Tensor:
    """Return for each token what its turn added, 0 on last turns and outside of the mask. Shape (N, T).

    Args:
        batch: the episodes.
        likely: see ``TextLearner.turn_answers``. Shape (N, K).
    """
    found = torch.zeros(batch.mask.shape, dtype=likely.dtype)
    for row, of_row in enumerate(likely):
        turns = (~of_row.isnan()).nonzero().flatten().tolist()
        for turn, following in itertools.pairwise(turns):
            found[row][batch.mask[row] & (batch.turn[row] == turn)] = of_row[following] - of_row[turn]
    return found


def ask(batch: Batch, row: int, trace: Trace, script: Script, protocol: str) -> ReferenceQuery:
    """Put the canonical answer where an episode's own answer stands, or where it would have come next.

    Args:
        batch: with ``inputs["ids"]``.
        row: of the episode.
        trace: the episode.
        script: writes tokens.
        protocol: that actions are written in.
    """
    opening, answer = _told(trace.question.answers[0], protocol)
    ids, mask = batch.inputs["ids"][row], batch.mask[row]
    last = (mask & (batch.turn[row] == len(trace.turns) - 1)).nonzero().flatten()
    answered = last[batch.token_type[row, last] == ANSWER] if trace.terminated else last[:0]
    if len(answered):
        before = ids[: answered[0]].tolist()
    elif trace.terminated:  # an empty answer: as if its turn had not begun
        before = ids[: last[0]].tolist() + script.encode(opening)
    else:
        end = int(mask.nonzero().max()) + 1
        reply = script.reply(trace.turns[-1].observation, ids[last].tolist())
        before = ids[:end].tolist() + reply + script.encode(opening)
    return ReferenceQuery(tuple(before), tuple(script.encode(answer)))


def ask_turns(batch: Batch, row: int, trace: Trace, script: Script, protocol: str) -> dict[int, ReferenceQuery]:
    """Put the canonical answer in the place of each turn of an episode that has tokens; arguments as in ``ask``."""
    opening, answer = _told(trace.question.answers[0], protocol)
    said = tuple(script.encode(answer))
    ids, mask, turns = batch.inputs["ids"][row], batch.mask[row], batch.turn[row]
    asked: dict[int, ReferenceQuery] = {}
    for turn in range(len(trace.turns)):
        own = (mask & (turns == turn)).nonzero().flatten()
        if len(own):
            asked[turn] = ReferenceQuery((*ids[: own[0]].tolist(), *script.encode(opening)), said)
    return asked


def transplanted(
    asked: Sequence[ReferenceQuery], openings: Sequence[Sequence[int]], donors: Sequence[int]
) -> list[ReferenceQuery]:
    """Put behind each question what was done at another, up to where that one answered.

    Args:
        asked: of each episode.
        openings: tokens of each episode's prompt, which its own begin with.
        donors: of each episode, the one whose reasoning it gets.
    """
    return [
        ReferenceQuery((*openings[row], *asked[donor].before[len(openings[donor]) :]), asked[row].answer)
        for row, donor in enumerate(donors)
    ]


def _told(answer: str, protocol: str) -> tuple[str, str]:
    """What a protocol writes before an answer, and the answer as it is written there."""
    write = PROTOCOLS[protocol].write
    opening, _, closing = write(Answer(_SAID)).partition(_SAID)
    return opening, write(Answer(answer)).removeprefix(opening).removesuffix(closing)


def measured(batch: Batch) -> dict[str, float]:
    """How well R3 and the uniform mean of the answer's log-probabilities rank a group's episodes by reward.

    Returns:
        ``rank_r3`` and ``rank_uniform``, see ``rank_correlation``; what is not defined is left out, and so is all where
        nothing was reflected.
    """
    if "answer_logprobs" not in batch.extra:
        return {}
    likelihood = likelihoods(batch)
    scores = {"rank_r3": reflection(likelihood, batch.group), "rank_uniform": uniform_mean(likelihood)}
    found = {name: rank_correlation(score, batch.reward, batch.group) for name, score in scores.items()}
    return {name: value for name, value in found.items() if value is not None}


def rank_correlation(score: Tensor, reward: Tensor, group: Tensor) -> float | None:
    """Return Spearman's correlation of scores and rewards within groups, ties shared, mean over groups.

    Groups in which all scores or all rewards are equal are left out; None where none is left. Shapes: (N,) each.
    """
    found = rank_correlations(score, reward, group)
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if known else None


def rank_correlations(score: Tensor, reward: Tensor, group: Tensor) -> list[float | None]:
    """Return the same of each group, in order of their numbers; None where all scores or all rewards are equal."""
    from scipy.stats import spearmanr

    found: list[float | None] = []
    for number in torch.unique(group):
        rows = group == number
        one, other = score[rows].double(), reward[rows].double()
        differ = bool(one.min() < one.max()) and bool(other.min() < other.max())
        found.append(float(spearmanr(one.numpy(), other.numpy()).statistic) if differ else None)
    return found
