"""What became of a step's episodes, and which way each success went, as numbers. Shared by the tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from berrypick.corpora.engines.base import Engine
from berrypick.envs.scoring.outcome import Outcome, analyse
from berrypick.envs.scoring.trace import Trace, Turn


def analyse_all(traces: Sequence[Trace], engines: Sequence[Mapping[str, Engine]]) -> list[Outcome]:
    """Analyse episodes, copies of one another once: taking a strategy apart searches anew, and collapse makes copies.

    Args:
        traces: finished episodes.
        engines: for each, name -> engine over its world (``SearchEnv.engines``).
    """
    known: dict[tuple[str, tuple[Turn, ...]], Outcome] = {}
    found = []
    for trace, of_world in zip(traces, engines, strict=True):
        key = trace.question.id, tuple(trace.turns)
        if key not in known:
            known[key] = analyse(trace, of_world)
        found.append(known[key])
    return found


def strategy_ids(rewards: Sequence[float], outcomes: Sequence[Outcome]) -> Tensor:
    """Number the headline strategies of rewarded episodes, in order of appearance.

    Returns:
        ``Batch.strategy_id``: equal numbers for equal strategies, one further number for all that were rewarded without
        being grounded, -1 for the rest. Shape (n,), int64.
    """
    # A strategy is never empty where evidence was displayed, so that () is free for those without.
    ways = [outcome.strategy if outcome.grounded else () for outcome in outcomes]
    numbers: dict[tuple[str, ...], int] = {}
    found = [numbers.setdefault(way, len(numbers)) if paid > 0 else -1 for paid, way in zip(rewards, ways, strict=True)]
    return torch.tensor(found, dtype=torch.int64)
