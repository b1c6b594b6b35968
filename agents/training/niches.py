"""Which way each success of a step went, as numbers: what sharing a reward among ways needs (design 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from berrypick.corpora.engines.base import Engine
from berrypick.envs.outcome import analyse
from berrypick.envs.trace import Trace, Turn


def niches(traces: Sequence[Trace], engines: Sequence[Mapping[str, Engine]]) -> Tensor:
    """Number the headline strategies of rewarded episodes, in order of appearance.

    Args:
        traces: finished episodes.
        engines: for each, name -> engine over its world (``SearchEnv.engines``).

    Returns:
        ``Batch.niche``: equal numbers for equal strategies, one further number for all that were rewarded without
        being grounded, -1 for the rest. Shape (n,), int64.
    """
    ways: dict[tuple[str, tuple[Turn, ...]], tuple[str, ...]] = {}
    numbers: dict[tuple[str, ...], int] = {}
    found = []
    for trace, of_world in zip(traces, engines, strict=True):
        if trace.reward <= 0:
            found.append(-1)
            continue
        # Rollouts of a collapsed policy are copies of one another, and taking a strategy apart searches anew.
        key = trace.question.id, tuple(trace.turns)
        if key not in ways:
            outcome = analyse(trace, of_world)
            ways[key] = outcome.strategy if outcome.grounded else ()
        found.append(numbers.setdefault(ways[key], len(numbers)))
    return torch.tensor(found, dtype=torch.int64)
