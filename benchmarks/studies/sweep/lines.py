"""What the steps of a trial's training say: at their end, how much rose, and of refinements over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from berrypick.agents.training.run_dir import Line
from berrypick.benchmarks.metrics.base import Value
from berrypick.benchmarks.result import BLANK
from berrypick.benchmarks.studies.collapse.alarms import Of

#: Steps at the end of training over which there is a mean: questions differ from step to step.
LAST: Final = 10
#: Means over the last steps: measure -> what a line has of it.
AT_END: Final[Mapping[str, Of]] = {
    "ways_at_end": lambda line: line.strategies_D2,
    "entropy_at_end": lambda line: line.entropy,
    "planning_at_end": lambda line: line.entropy_planning,
    "execution_at_end": lambda line: line.entropy_execution,
}
#: The same of how episodes go.
GOES: Final[Mapping[str, Of]] = {
    "searches_late": lambda line: line.searches,
    "tokens_late": lambda line: line.tokens / line.episodes,
    "duplicates_late": lambda line: line.first_query_duplicates,
    "invalid_late": lambda line: line.invalid,
    "informative_late": lambda line: line.informative_groups,
    "planned_late": lambda line: _share(line.tokens_planning, line),
    "strategic_late": lambda line: _share(line.tokens_strategic, line),
}
#: Mean over the last steps less that over as many first ones.
RISES: Final[Mapping[str, Of]] = {
    "reward_rise": lambda line: line.reward,
    "unsolved_rise": lambda line: line.unsolved,
    "duplicates_rise": lambda line: line.first_query_duplicates,
    "correct_rise": lambda line: line.logprob_correct,
    "refined_rise": lambda line: line.refinement.get("probability"),
    "critic_rise": lambda line: line.critic_auc,
    "rank_rise": lambda line: line.reflection.get("rank_r3"),
}
#: Share of right episodes among those that were played once more, over all steps.
REFINED: Final = "refined_right"


def measures(lines: Sequence[Line]) -> dict[str, Value]:
    """Return what the steps of one trial say; nothing without any."""
    if not lines:
        return {}
    found = {name: mean([of(line) for line in lines[-LAST:]]) for name, of in {**AT_END, **GOES}.items()}
    found |= {name: rise([of(line) for line in lines]) for name, of in RISES.items()}
    return found | {REFINED: refined_right(lines)}


def mean(values: Sequence[float | None]) -> Value:
    """Mean over the steps that have a value."""
    known = [value for value in values if value is not None]
    return Value(sum(known) / len(known), None, None, 0) if known else BLANK


def rise(values: Sequence[float | None]) -> Value:
    """Mean over the last steps less that over the first."""
    first, last = mean(values[:LAST]).value, mean(values[-LAST:]).value
    return BLANK if first is None or last is None else Value(last - first, None, None, 0)


def refined_right(lines: Sequence[Line]) -> Value:
    """The mean over groups that were played once more, in whatever steps."""
    parts = [line.refinement for line in lines if "solved" in line.refinement]
    groups = sum(part["groups"] for part in parts)
    return Value(sum(part["solved"] * part["groups"] for part in parts) / groups, None, None, 0) if groups else BLANK


def _share(tokens: int | None, line: Line) -> float | None:
    return None if tokens is None or not line.tokens else tokens / line.tokens
