"""Strategies in a loop of one's own: count episodes as they end, read the numbers whenever a step is logged.

    tally = Tally()
    ...
    tally.add(env, group=question)      # when an episode is over
    ...
    logger.log(tally.flush())           # once a step

An estimate that would stand on too few questions is None, not a number: one question with two equal successes would
otherwise read as one strategy.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any, Final

from berrypick.diversity import dominant_share, pairs_alike
from berrypick.errors import BadInput
from berrypick.text import tokens

#: Questions with two successes (two rollouts for determinism and first queries) that an estimate needs.
FEWEST: Final = 4
_NEEDED: Final = ("grounded", "em", "strategy", "moves", "searches", "first_query")


class Tally:
    """Counts what ended episodes show.

    Args:
        ceiling: D2 of ``hop_mixture`` in the same environment, for ``D2_share``; None where it was not measured.
    """

    def __init__(self, ceiling: float | None = None) -> None:
        if ceiling is not None and not ceiling > 1:
            raise BadInput(f"must be above 1, the D2 of one strategy; got {ceiling}", field="ceiling")
        self._ceiling = ceiling
        self._episodes: list[dict[str, Any]] = []

    def add(self, env: Any, group: Hashable) -> None:
        """Count an episode that is over.

        Args:
            env: a ``SearchEnv``, wrapped or not.
            group: what its rollouts have in common: the question.

        Raises:
            ResetNeeded: the episode is not over.
        """
        self.add_outcome(env.unwrapped.outcome(), group)

    def add_outcome(self, outcome: Mapping[str, Any], group: Hashable) -> None:
        """Count an episode by its outcome, as ``SearchEnv.outcome`` or ``info["outcome"]`` has it.

        Raises:
            BadInput: a field is missing.
        """
        for name in _NEEDED:
            if name not in outcome:
                raise BadInput("is missing; expected what SearchEnv.outcome() returns", field=name)
        self._episodes.append({"group": json.dumps(group, default=str), **{name: outcome[name] for name in _NEEDED}})

    def dump(self) -> list[dict[str, Any]]:
        """Return what was counted, for JSON: another process's tally takes it by ``load``."""
        return list(self._episodes)

    def load(self, episodes: list[dict[str, Any]]) -> None:
        """Count what another tally dumped."""
        self._episodes += episodes

    def flush(self) -> dict[str, float | None]:
        """Return the numbers of what was counted since the last flush, and forget it; {} where there was nothing.

        ``strategies_D2`` is 1 / the chance that two grounded successes of one question have the same strategy (Hill
        number of order 2), ``D2_share`` (D2 - 1) / (ceiling - 1), ``determinism`` the chance that two rollouts of one
        question make the same moves, ``dominant_share`` the share of the commonest strategy of all, ``EM`` and
        ``grounded`` shares of episodes, ``searches`` a mean.
        """
        episodes, self._episodes = self._episodes, []
        if not episodes:
            return {}
        groups: dict[str, list[dict[str, Any]]] = {}
        for episode in episodes:
            groups.setdefault(episode["group"], []).append(episode)
        grounded = [[one for one in group if one["grounded"]] for group in groups.values()]
        alike = _alike(Counter(_key(one["strategy"]) for one in group) for group in grounded)
        strategies = Counter(_key(one["strategy"]) for group in grounded for one in group)
        D2 = 1 / alike if alike else None
        queries = ((one["first_query"] for one in group if one["first_query"]) for group in groups.values())
        return {
            "episodes": float(len(episodes)),
            "EM": sum(bool(one["em"]) for one in episodes) / len(episodes),
            "grounded": strategies.total() / len(episodes),
            "searches": sum(one["searches"] for one in episodes) / len(episodes),
            "strategies_D2": D2,
            "D2_share": (D2 - 1) / (self._ceiling - 1) if D2 is not None and self._ceiling else None,
            "determinism": _alike(Counter(_key(one["moves"]) for one in group) for group in groups.values()),
            "dominant_share": dominant_share(list(strategies.values())) if strategies else None,
            "first_query_duplicates": _alike(Counter(frozenset(tokens(text)) for text in texts) for texts in queries),
        }


def _key(moves: Any) -> tuple[str, ...]:
    return tuple(moves)


def _alike(counts: Any) -> float | None:
    """The mean chance that two of a group are alike; None for fewer than ``FEWEST`` groups of two."""
    pairs = [pairs_alike(list(count.values())) for count in counts if count.total() >= 2]
    return sum(pairs) / len(pairs) if len(pairs) >= FEWEST else None
