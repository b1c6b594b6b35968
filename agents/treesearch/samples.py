"""What the critics learn from: plain rollouts of the policy, and completions of some of their prefixes (AlphaLLM).

A prefix is labelled for the value critic with what its own episode was paid, a whole episode for the outcome critic
likewise. For the process critic one prefix of every fourth episode is completed several times, and good where the share
of paid completions is above a threshold: its Monte-Carlo value. Those episodes' ends stand beside, being their own
completion; all ends would make it another outcome critic.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from berrypick import seeding
from berrypick.agents.lm.player import Continuation, Player
from berrypick.agents.treesearch.critics import Examples
from berrypick.agents.treesearch.features import NAMES, prefixes
from berrypick.agents.treesearch.tree import Point

#: Completions of a prefix.
COMPLETIONS: Final = 8
#: Of so many episodes one has a prefix completed.
EVERY: Final = 4
#: Share of paid completions above which a turn is good.
THRESHOLD: Final = 0.25
#: Episodes played side by side.
_TOGETHER: Final = 128


@dataclass(frozen=True)
class Samples:
    """Plain rollouts and what was completed.

    Attributes:
        went: rollouts, those of one question together.
        prefix: how many turns of each rollout were completed, 0 for none.
        value: share of paid completions of that prefix, NaN where there is none. Shape (len(went),).
        tokens: generated, completions included.
    """

    went: Sequence[Continuation]
    prefix: Sequence[int]
    value: np.ndarray
    tokens: int

    def completed(self) -> Examples:
        """Return the prefixes that were completed, good where the value is above ``THRESHOLD``."""
        rows = self._drawn()
        features = [prefixes(self.went[row].trace)[self.prefix[row]] for row in rows]
        return Examples(np.array(features).reshape(-1, len(NAMES)), self.value[rows] > THRESHOLD)

    def examples(self) -> tuple[Examples, Examples, Examples]:
        """Return what each of ``critics.KINDS`` learns from."""
        features = [prefixes(one.trace) for one in self.went]
        paid = np.array([one.trace.reward > 0 for one in self.went])
        ends, rows, begun = np.array([each[-1] for each in features]), self._drawn(), self.completed()
        return (
            Examples(np.concatenate(features), np.repeat(paid, [len(each) for each in features])),
            Examples(np.concatenate([begun.features, ends[rows]]), np.concatenate([begun.label, paid[rows]])),
            Examples(ends, paid),
        )

    def _drawn(self) -> list[int]:
        """Episodes of which a prefix was completed."""
        return np.flatnonzero(~np.isnan(self.value)).tolist()


def plain(player: Player, seed: int, places: Sequence[tuple[int, int]]) -> list[Continuation]:
    """Play (question, rollout), sampling as ``Learner.play`` does; faults of the environment are those of rollout 0."""
    starts = {group: player.begin(seed, group)[0] for group, _ in places}
    rngs = [seeding.rollout_rng(seed, "sampling", group, rollout) for group, rollout in places]
    return _in_lots(player, [starts[group] for group, _ in places], rngs)


def collect(player: Player, seed: int, groups: Sequence[int], size: int, completions: int = COMPLETIONS) -> Samples:
    """Play questions and complete a random prefix of every fourth episode.

    Args:
        player: who plays.
        seed: of all draws.
        groups: numbers of the questions.
        size: rollouts a question.
        completions: of a prefix.
    """
    places = list(itertools.product(groups, range(size)))
    went = plain(player, seed, places)
    prefix: list[int] = []
    points: list[Point] = []
    rngs: list[np.random.Generator] = []
    for number, ((group, rollout), one) in enumerate(zip(places, went, strict=True)):
        place = rollout * (completions + 1)
        draw, *others = (
            seeding.rollout_rng(seed, "completion", group, place + each) for each in range(completions + 1)
        )
        prefix.append(int(draw.integers(1, len(one.points))) if len(one.points) > 1 and number % EVERY == 0 else 0)
        if prefix[-1]:
            points += [one.points[prefix[-1] - 1]] * completions
            rngs += others
    completed = _in_lots(player, points, rngs)
    paid = iter(np.array([one.trace.reward > 0 for one in completed], dtype=np.float64).reshape(-1, completions))
    value = np.array([next(paid).mean() if turns else np.nan for turns in prefix])
    return Samples(went, prefix, value, sum(one.tokens for one in (*went, *completed)))


def _in_lots(player: Player, points: Sequence[Point], rngs: Sequence[np.random.Generator]) -> list[Continuation]:
    return [
        one
        for start in range(0, len(points), _TOGETHER)
        for one in player.play(points[start : start + _TOGETHER], rngs[start : start + _TOGETHER])
    ]
