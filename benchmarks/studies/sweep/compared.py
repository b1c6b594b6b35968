"""Measures of a trial that need the other trials of its track: what it cost, and what that bought.

All are over evaluated trials. What is compared with the baseline is compared with its trial with the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from msgspec.structs import replace

from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import QuestionResult
from berrypick.benchmarks.studies.collapse.alarms import WINDOW, Of
from berrypick.benchmarks.studies.sweep.config import BASELINE
from berrypick.benchmarks.studies.sweep.trials import SPLITS, TrialState

#: Of ``COSTS``.
TOKENS: Final = "cost_tokens"
#: Name -> what is paid in a step, as a multiple of what the baseline pays in its steps of the same numbers.
COSTS: Final[Mapping[str, Callable[[Line], float]]] = {
    TOKENS: lambda line: line.generated,
    "cost_rollout": lambda line: line.seconds_rollout,
    "cost_update": lambda line: line.seconds_update,
    "cost_step": lambda line: line.seconds_rollout + line.seconds_update + line.seconds_other,
}
#: Of the last steps before a run had generated as much as the leanest of its seed generated in all.
AT_EQUAL_TOKENS: Final[Mapping[str, Of]] = {
    "reward_at_equal_tokens": lambda line: line.reward,
    "unsolved_at_equal_tokens": lambda line: line.unsolved,
}
#: The first of them where what was generated for nothing is not counted: what a filter that knew would have spared.
SPARED: Final = "reward_if_spared"
#: Share of right answers at questions that the baseline's trials with other seeds never solve.
NEVER: Final = {split: f"never_{split}" for split in SPLITS}

#: (method, seed)
Key = tuple[str, int]


def compared(runs: Sequence[TrialState]) -> dict[Key, dict[str, Value]]:
    """Return the measures of the evaluated trials of one track; what has no value is left out."""
    done = {(run.trial.method, run.trial.seed): run for run in runs if run.result is not None}
    found: dict[Key, dict[str, float]] = {key: {} for key in done}
    for (method, seed), run in done.items():
        own = found[method, seed]
        if run.lines and (base := done.get((BASELINE, seed))):
            own |= costs(run, base)
        if run.lines:
            peers = [each for (_, other), each in done.items() if other == seed and each.lines]
            budget = min(each.before + sum(_generated(each)) for each in peers)
            own |= at_equal_tokens(run, budget) | if_spared(run, budget)
        own |= never_solved(run, [each for (name, other), each in done.items() if name == BASELINE and other != seed])
    return {key: {name: Value(value, None, None, 0) for name, value in own.items()} for key, own in found.items()}


def costs(run: TrialState, base: TrialState) -> dict[str, float]:
    """What steps cost beside those of the baseline with the same numbers; tokens with those before the first."""
    both = min(len(run.lines), len(base.lines))
    sums = {name: [sum(map(of, one.lines[:both])) for one in (run, base)] for name, of in COSTS.items()}
    sums[TOKENS] = [own + one.before for own, one in zip(sums[TOKENS], (run, base), strict=True)]
    return {name: ours / theirs for name, (ours, theirs) in sums.items() if theirs}


def at_equal_tokens(run: TrialState, budget: int) -> dict[str, float]:
    """Trailing means at the last step up to which no more than a budget was generated, by the run as a whole."""
    spent = accumulate(_generated(run), initial=run.before)
    steps = sum(tokens <= budget for tokens in spent) - 1
    last = run.lines[max(0, steps - WINDOW) : max(0, steps)]
    values = {name: [of(line) for line in last] for name, of in AT_EQUAL_TOKENS.items()}
    known = {name: [value for value in each if value is not None] for name, each in values.items()}
    return {name: sum(each) / len(each) for name, each in known.items() if each}


def if_spared(run: TrialState, budget: int) -> dict[str, float]:
    """``SPARED``; nothing where no group was dropped."""
    if not any(line.tokens_dropped for line in run.lines):
        return {}
    lines = [replace(line, tokens=line.tokens - (line.tokens_dropped or 0)) for line in run.lines]
    found = at_equal_tokens(run._replace(lines=lines), budget)
    return {SPARED: found["reward_at_equal_tokens"]} if found else {}


def _generated(run: TrialState) -> list[int]:
    return [line.generated for line in run.lines]


def never_solved(run: TrialState, others: Sequence[TrialState]) -> dict[str, float]:
    """Share of right answers at questions that no rollout of some other trials solves, in plain cells.

    Chosen by trials with other seeds, they are no more unlucky for the baseline's own than for anybody else's.
    """
    found = {}
    for split, name in NEVER.items():
        right = [{key: row.correct for key, row in _questions(other, split).items()} for other in others]
        rows = _questions(run, split)
        hard = [row for key, row in rows.items() if right and not any(each.get(key, 1) for each in right)]
        if hard:
            found[name] = sum(row.correct / row.rollouts for row in hard) / len(hard)
    return found


def _questions(run: TrialState, split: str) -> dict[tuple[int, str], QuestionResult]:
    if run.result is None:
        return {}
    cells = [number for number, cell in enumerate(run.result.cells) if cell.plain and cell.setup["split"] == split]
    return {(row.cell, row.question_id): row for row in run.result.questions if row.cell in cells}
