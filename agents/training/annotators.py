"""Annotators: signals per token or episode that some methods need besides what every rollout has.

A method names its annotators (``methods.method.Annotation``). The loop calls two hooks and knows none of them:
``prepare`` once a run, ``annotate`` on the rollouts of each step. What an annotator returns lands in ``Batch.extra``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from torch import Tensor

from berrypick.agents.methods.method import Annotation
from berrypick.registry import Table

if TYPE_CHECKING:
    from berrypick.agents.training.learner import RolloutBatch, TextLearner


class Annotator(Protocol):
    """A signal that some methods need."""

    def prepare(self, folder: Path, learner: TextLearner, seed: int) -> None:
        """Make ready what the signal stands on, or read it where the run goes on.

        Args:
            folder: of the run; files that are written there are read when the run is resumed.
            learner: holds the start policy now, and the trained one later.
            seed: of the run.

        Raises:
            BadInput: the start policy cannot serve; the message says what to do.
        """
        ...

    def annotate(self, rollouts: RolloutBatch) -> Mapping[str, Tensor]:
        """Return name -> tensor, the first axis that of the episodes, for ``Batch.extra``."""
        ...


#: name -> a function from settings to an annotator
ANNOTATORS: Final[Table[Callable[..., Annotator]]] = Table("annotator")
ANNOTATORS.add(
    "process_reward",
    "berrypick.agents.training.text.process_rewards:ProcessReward",
    "the score of each turn by a critic that was trained on rollouts of the start policy (AlphaLLM)",
)
ANNOTATORS.add(
    "reference_answer",
    "berrypick.agents.training.text.reflection:ReferenceAnswer",
    "log-probability and rank of the reference answer's tokens behind the episode's reasoning (R3)",
)
ANNOTATORS.add(
    "strategic_ngrams",
    "berrypick.agents.training.text.ngrams:StrategicNgrams",
    "tokens within phrases that right episodes of the start policy share (HICRA)",
)
ANNOTATORS.add(
    "episode_facts",
    "berrypick.agents.training.text.episode_facts:EpisodeFacts",
    "searches, repeated queries and the answer of each episode",
)
ANNOTATORS.add(
    "turn_states",
    "berrypick.agents.training.text.episode_facts:TurnStates",
    "the state in which each turn began (GiGPO)",
)
ANNOTATORS.add(
    "information_gain",
    "berrypick.agents.training.text.reflection:InformationGain",
    "what each turn adds to the likelihood of the reference answer (IGPO)",
)
ANNOTATORS.add(
    "turn_reward",
    "berrypick.agents.training.text.episode_facts:TurnReward",
    "1 on the turn whose results are the first to show an accepted answer",
)


def make_all(annotations: Sequence[Annotation]) -> list[Annotator]:
    """Make the annotators that a method names."""
    return [ANNOTATORS[annotation.annotator](**annotation.settings) for annotation in annotations]


def annotate(rollouts: RolloutBatch, annotators: Sequence[Annotator]) -> RolloutBatch:
    """Return rollouts with what the annotators say of them in ``Batch.extra``."""
    extra = dict(rollouts.batch.extra)
    for annotator in annotators:
        extra |= annotator.annotate(rollouts)
    return rollouts._replace(batch=replace(rollouts.batch, extra=extra))
