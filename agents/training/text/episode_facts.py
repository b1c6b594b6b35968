"""Annotators that read facts off played episodes: searches, repeated queries, answers, and the states of turns."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from berrypick.agents.training.learner import RolloutBatch, TextLearner
from berrypick.envs.actions import Search
from berrypick.envs.scoring.trace import Trace
from berrypick.text import normalise, tokens


class EpisodeFacts:
    """Annotator: numbers of each episode, shape (N,) each.

    ``searches``: valid searches. ``repeats``: those of them whose words, in any order, an earlier one had.
    ``answer_id``: equal numbers for equal answers, normalised as exact match does; -1 for none.
    """

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Nothing has to be made ready."""

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Count."""
        searches, repeats = zip(*map(_searches, rollouts.traces), strict=True)
        answers = [None if trace.answer is None else normalise(trace.answer) for trace in rollouts.traces]
        return {
            "searches": torch.tensor(searches),
            "repeats": torch.tensor(repeats),
            "answer_id": torch.tensor(_numbered(answers)),
        }


class TurnStates:
    """Annotator of GiGPO: ``state_id``, shape (N, T): the state in which the turn of each token began.

    Two turns begin in one state if they are of one question, one number, and the same documents were displayed before
    them, after as many searches: what an action can bring from there on is the same.
    """

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Nothing has to be made ready."""

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Number the states of all turns."""
        batch = rollouts.batch
        groups = batch.group.tolist()
        states = [
            [(group, *state) for state in _states(trace)] for group, trace in zip(groups, rollouts.traces, strict=True)
        ]
        numbers = iter(_numbered([state for of_trace in states for state in of_trace]))
        found = torch.zeros_like(batch.turn)
        for row, of_trace in enumerate(states):
            for turn, number in zip(range(len(of_trace)), numbers, strict=False):
                found[row][batch.turn[row] == turn] = number
        return {"state_id": found}


class TurnReward:
    """Annotator of turn-level credit: ``turn_reward``, shape (N, T).

    1 on tokens of the turn whose observation is the first of its episode to hold an accepted answer, as whole words
    normalised as exact match does; 0 elsewhere.
    """

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Nothing has to be made ready."""

    def annotate(self, rollouts: RolloutBatch) -> dict[str, Tensor]:
        """Look for the answers in what came back."""
        batch = rollouts.batch
        found = torch.zeros(batch.mask.shape)
        for row, trace in enumerate(rollouts.traces):
            if (first := _first_shown(trace)) is not None:
                found[row][batch.mask[row] & (batch.turn[row] == first)] = 1.0
        return {"turn_reward": found}


def _first_shown(trace: Trace) -> int | None:
    """Return the number of the turn whose observation is the first to hold an accepted answer, None for none."""
    answers = [said for answer in trace.question.answers if (said := normalise(answer))]
    for number, turn in enumerate(trace.turns):
        text = f" {normalise(turn.observation)} "
        if turn.valid and any(f" {answer} " in text for answer in answers):
            return number
    return None


def _searches(trace: Trace) -> tuple[int, int]:
    asked = [
        frozenset(tokens(turn.action.query)) for turn in trace.turns if turn.valid and isinstance(turn.action, Search)
    ]
    return len(asked), len(asked) - len(set(asked))


def _states(trace: Trace) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield (number of the turn, searches before it, documents displayed before it) of each turn."""
    searches, displayed = 0, frozenset[int]()
    for number, turn in enumerate(trace.turns):
        yield number, searches, displayed
        searches += turn.valid and isinstance(turn.action, Search)
        displayed |= {document for document, _ in turn.shown}


def _numbered(values: Sequence[Hashable | None]) -> list[int]:
    """Equal numbers for equal values, in order of appearance; -1 for None."""
    numbers: dict[Hashable, int] = {}
    return [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values]
