"""What the loop trains: something that plays episodes and scores their tokens again. One per track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from torch import Tensor, nn

from berrypick.agents.methods.batch import Batch
from berrypick.envs.scoring.outcome import Outcome
from berrypick.envs.scoring.trace import Trace

if TYPE_CHECKING:  # they play with what is here
    from berrypick.agents.lm.player import Player


class RolloutBatch(NamedTuple):
    """Episodes of one step; row i of the batch is trace i, and became outcome i.

    ``refinement``: what an augmentation did, see ``augment.augmented``.
    """

    batch: Batch
    traces: list[Trace]
    outcomes: list[Outcome]
    refinement: Mapping[str, float] = MappingProxyType({})


class DemonstrationBuffer(NamedTuple):
    """Demonstrations, in the form in which the learner scores episodes.

    Attributes:
        mask: tokens that a script wrote. Shape (N, T), bool.
        inputs: as in ``Batch``.
        script: number of who wrote it. Shape (N,), int64.
    """

    mask: Tensor
    inputs: Mapping[str, Tensor]
    script: Tensor


class Scorable(Protocol):
    """What ``Learner.score`` needs of episodes: a ``Batch``, or a ``DemonstrationBuffer``."""

    @property
    def mask(self) -> Tensor:
        """Tokens that are scored. Shape (N, T), bool."""
        ...

    @property
    def inputs(self) -> Any:
        """Tensors of the learner's own, by name; the first axis is that of ``mask``."""
        ...


class Learner(Protocol):
    """A policy on one track.

    Attributes:
        module: what is optimised.
        limit: tokens that an episode may generate at most, a constant of the run.
    """

    module: nn.Module
    limit: int

    def play(self, seed: int, episode: int, groups: int, size: int) -> RolloutBatch:
        """Play ``groups`` questions ``size`` times each, groups outermost.

        Args:
            seed: of the run.
            episode: number of the first group; group g asks the environment's task draw (seed, episode + g), and its
                rollout r samples with ``seeding.rollout_rng(seed, "sampling", episode + g, r)``.
            groups: number of questions.
            size: rollouts a question.
        """
        ...

    def demonstrate(self, seed: int, episode: int, questions: int) -> DemonstrationBuffer:
        """Let every script that reads the environment play the same questions once; keep what is grounded and right.

        Args:
            seed: of the run.
            episode: number of the first question, as ``play`` counts groups.
            questions: their number; what is drawn twice is played once.
        """
        ...

    def score(self, module: nn.Module, batch: Scorable, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-probabilities and exact entropies (nats) of some episodes under a module of this kind.

        Args:
            module: ``self.module``, or a copy of it with other weights (the reference policy).
            batch: what was played.
            rows: which episodes. Shape (n,), int64.

        Returns:
            Two tensors of shape (n, T), T as in ``batch.mask``; 0 where the mask is false.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the policy into an empty folder that the agents table can load."""
        ...


class TextLearner(Learner, Protocol):
    """A policy whose episodes are text.

    Attributes:
        protocol: that actions are written in.
    """

    protocol: str

    @property
    def player(self) -> Player:
        """The policy as it is now, to be played from any state of an episode."""
        ...

    def token_starts(self, played: RolloutBatch, row: int) -> list[list[int]]:
        """Return for each turn of an episode where in the action's text each of its tokens begins."""
        ...

    def reference_answers(self, played: RolloutBatch, donors: Sequence[int] | None = None) -> dict[str, Tensor]:
        """Score the reference answer where each episode came to answer, under the module as it is now.

        Equal reasoning has equal values, to the bit.

        Args:
            played: by ``play``.
            donors: of each episode, the one whose reasoning stands behind its question; None for its own.

        Returns:
            The tensors that ``text.reflection.ReferenceAnswer`` describes.
        """
        ...

    def turn_answers(self, played: RolloutBatch) -> Tensor:
        """Return the reference answer's likelihood where each turn began, under the module as it is now.

        It is exp(mean log-probability of its tokens), were it given in the place of the turn. Shape (N, K), NaN where
        an episode has no turn of that number, or generated no token in it.

        Args:
            played: by ``play``.
        """
        ...

    def refine(self, seed: int, places: Sequence[tuple[int, int]], critiques: Sequence[str] | None) -> RolloutBatch:
        """Play further rollouts of questions, one for each place.

        Args:
            seed: of the run.
            places: (number of the group, number of the rollout), as ``Learner.play`` counts them.
            critiques: what each reads behind its question; its batch is ``off`` then, with tokens, log-probabilities
                and entropies as if it had read none. None for rollouts like those of ``play``.

        Returns:
            The episodes; their groups are numbered from the least of the places'.
        """
        ...
