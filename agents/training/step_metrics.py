"""A step's line of ``metrics.jsonl``: a pure function of what was played and what optimising did.

Every mean over tokens is over tokens that the policy generated. What is not defined is None; what is not finite raises,
as JSON would turn it into a null that nobody meant.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor

from berrypick.agents.methods.batch import TOKEN_TYPES, Batch
from berrypick.agents.training.batch_ops import take
from berrypick.agents.training.learner import RolloutBatch
from berrypick.agents.training.run_dir import OTHER, Line
from berrypick.agents.training.text.process_rewards import critic_auc
from berrypick.agents.training.text.reflection import measured
from berrypick.agents.training.update_stats import Update
from berrypick.diversity import dominant_share, pairs_alike
from berrypick.envs.scoring.moves import STEP
from berrypick.envs.scoring.outcome import Outcome
from berrypick.records import Record
from berrypick.text import tokens

#: Groups with two grounded successes that ``strategies_D2`` needs: below, one group more or less decides it.
FEWEST: Final = 4
#: Strategies that a line names.
NAMED: Final = 12


class Seconds(Record):
    """How long the parts of a step took."""

    rollout: float
    update: float
    other: float


def describe(
    step: int,
    played: RolloutBatch,
    keep: Tensor,
    advantage: Tensor,
    update: Update,
    lr: float,
    state: Mapping[str, float],
    seconds: Seconds,
    refresh: Mapping[str, float] = MappingProxyType({}),
) -> Line:
    """Describe a step.

    Args:
        step: its number.
        played: the episodes.
        keep: what ``select`` chose. Shape (N,), bool.
        advantage: of what was chosen, after ``credit``. Shape (n, T), n the number chosen.
        update: what optimising did (``update_stats.UpdateStats.update``).
        lr: learning rate.
        state: what the method's ``control`` made of this step's entropy.
        seconds: how long it took.
        refresh: what supervised steps did (``demonstration_buffer.refresh``).

    Raises:
        ValueError: no episodes, lengths that differ, or a value that is not finite; names it.
    """
    counts = (len(played.batch.reward), len(played.outcomes), len(played.traces), len(keep))
    if len(set(counts)) > 1 or not counts[0]:
        raise ValueError(f"a step needs as many rewards, outcomes, traces and choices; got {counts}")
    if played.batch.more is not None:
        own = ~played.batch.more
        played, keep, advantage = _part(played, own), keep[own], advantage[own[keep]]
    batch, outcomes = played.batch, played.outcomes
    line = Line(
        step=step,
        **of_rewards(batch),
        **of_tokens(batch, keep, advantage),
        **of_planning(batch, keep),
        **of_update(update),
        **of_strategies(batch, outcomes),
        **of_episodes(played, outcomes),
        episodes=len(outcomes),
        selected=int(keep.sum()),
        lr=lr,
        seconds_rollout=seconds.rollout,
        seconds_update=seconds.update,
        seconds_other=seconds.other,
        state=dict(state),
        reflection=measured(batch),
        refinement=dict(played.refinement),
        refresh=dict(refresh),
        critic_auc=critic_auc(batch),
    )
    _check(line)
    return line


def _part(played: RolloutBatch, own: Tensor) -> RolloutBatch:
    """Some of the episodes."""
    rows = own.nonzero().flatten()
    traces, outcomes = ([each[row] for row in rows.tolist()] for each in (played.traces, played.outcomes))
    return played._replace(batch=take(played.batch, rows), traces=traces, outcomes=outcomes)


def _check(line: Line) -> None:
    values = {name: getattr(line, name) for name in line.__struct_fields__}
    found = (line.state, line.reflection, line.refinement, line.refresh)
    for name, value in (*values.items(), *(item for each in found for item in each.items())):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"step {line.step}: {name} is {value}")


def of_rewards(batch: Batch) -> dict[str, Any]:
    """Mean reward, and how much rewards differ within groups."""
    rewards = [batch.reward[rows].double() for rows in _groups(batch)]
    return {
        "reward": float(batch.reward.double().mean()),
        "group_variance": sum(float(group.var(correction=0)) for group in rewards) / len(rewards),
        "informative_groups": sum(bool(group.min() < group.max()) for group in rewards) / len(rewards),
        "unsolved": sum(bool(group.max() <= 0) for group in rewards) / len(rewards),
    }


def of_tokens(batch: Batch, keep: Tensor, advantage: Tensor) -> dict[str, Any]:
    """Entropies by kind, likelihood of what was rewarded, covariance of log-probability and advantage."""
    found: dict[str, Any] = {"entropy": _mean(batch.entropy, batch.mask), "tokens": int(batch.mask.sum())}
    for number, kind in enumerate(TOKEN_TYPES):
        of_kind = batch.mask & (batch.token_type == number)
        found |= {f"entropy_{kind}": _mean(batch.entropy, of_kind), f"tokens_{kind}": int(of_kind.sum())}
    rewarded = (batch.reward > 0) & batch.mask.any(dim=1)
    means = [_mean(batch.old_logprobs[row], batch.mask[row]) for row in torch.nonzero(rewarded).flatten().tolist()]
    found["logprob_correct"] = sum(mean for mean in means if mean is not None) / len(means) if means else None
    mask = batch.mask[keep]
    old, advantages = batch.old_logprobs[keep][mask].double(), advantage[mask].double()
    pairs = (old - old.mean()) * (advantages - advantages.mean())
    found["covariance"] = float(pairs.mean()) if len(pairs) else None
    return found


def of_planning(batch: Batch, keep: Tensor) -> dict[str, Any]:
    """Entropies of planning and execution, and how many tokens each choice of tokens and groups takes."""
    planning, dropped = batch.mask & batch.planning, ~torch.isin(batch.group, batch.group[keep])
    strategic = batch.extra.get("strategic")
    return {
        "entropy_planning": _mean(batch.entropy, planning),
        "entropy_execution": _mean(batch.entropy, batch.mask & ~batch.planning),
        "tokens_planning": int(planning.sum()),
        "tokens_strategic": None if strategic is None else int((strategic & batch.mask).sum()),
        "tokens_dropped": int(batch.mask[dropped].sum()),
    }


def _mean(values: Tensor, mask: Tensor) -> float | None:
    chosen = values[mask].double()
    return float(chosen.mean()) if len(chosen) else None


def of_update(update: Update) -> dict[str, Any]:
    """What optimising did, with both clip fractions in one."""
    high, low = update.clip_fraction_high, update.clip_fraction_low
    both = None if high is None or low is None else high + low
    return {name: getattr(update, name) for name in update.__struct_fields__} | {"clip_fraction": both}


def of_strategies(batch: Batch, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How grounded successes divide among headline strategies, and how alike first queries are."""
    grounded = [[outcomes[row] for row in rows if outcomes[row].grounded] for rows in _groups(batch)]
    alike = [pairs_alike(_counts(group)) for group in grounded if len(group) >= 2]
    chance = sum(alike) / len(alike) if len(alike) >= FEWEST else 0.0
    counts = Counter(STEP.join(outcome.strategy) for group in grounded for outcome in group)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shares = {name: count / counts.total() for name, count in ranked[:NAMED]}
    rest = sum(count for _, count in ranked[NAMED:])
    first = [[outcomes[row].first_query for row in rows] for rows in _groups(batch)]
    repeated = [pairs_alike(list(words.values())) for words in map(_words, first) if words.total() >= 2]
    return {
        "strategies_D2": 1 / chance if chance else None,
        "dominant_share": dominant_share(list(counts.values())) if counts else None,
        "strategies": shares | ({OTHER: rest / counts.total()} if rest else {}),
        "grounded": counts.total() / len(outcomes),
        "first_query_duplicates": sum(repeated) / len(repeated) if repeated else None,
    }


def _counts(outcomes: Sequence[Outcome]) -> list[int]:
    return list(Counter(outcome.strategy for outcome in outcomes).values())


def _words(queries: Sequence[str | None]) -> Counter[frozenset[str]]:
    return Counter(frozenset(tokens(query)) for query in queries if query is not None)


def of_episodes(played: RolloutBatch, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What episodes cost, and how they end."""
    turns = sum(len(trace.turns) for trace in played.traces)
    return {
        "searches": sum(outcome.searches for outcome in outcomes) / len(outcomes),
        "opens": sum(outcome.opens for outcome in outcomes) / len(outcomes),
        "turns": turns / len(outcomes),
        "invalid": sum(outcome.invalid for outcome in outcomes) / turns,
        "unanswered": sum(not outcome.answered for outcome in outcomes) / len(outcomes),
    }


def _groups(batch: Batch) -> list[list[int]]:
    """Rows of each group, groups in order of first mention."""
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(batch.group.tolist()):
        rows.setdefault(group, []).append(row)
    return list(rows.values())
