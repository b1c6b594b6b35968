"""Right answers. No task is dropped: a failed rollout is a miss, a task without rollouts scores the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from berrypick.benchmarks.metrics.base import Array, Metric, TaskOutcomes, each
from berrypick.diversity import pass_at_k
from berrypick.envs.scoring.outcome import Outcome


def _mean(of: Callable[[Outcome], float]) -> Callable[[TaskOutcomes], float]:
    return lambda task: sum(map(of, task.outcomes)) / task.rollouts


def _mean_where_plan_is_known(of: Callable[[Outcome], float]) -> Callable[[TaskOutcomes], float | None]:
    mean = _mean(of)
    return lambda task: mean(task) if task.hops else None


EM = Metric(
    "EM",
    "share of rollouts whose answer matches exactly (SQuAD normalisation)",
    each(_mean(lambda o: o.em)),
    default=0.0,
)
F1 = Metric(
    "F1", "mean token F1 of the answer (SQuAD), best over accepted answers", each(_mean(lambda o: o.f1)), default=0.0
)
GROUNDED = Metric(
    "grounded",
    "share of rollouts with an exact match and every hop's evidence displayed",
    each(_mean_where_plan_is_known(lambda o: o.grounded)),
    default=0.0,
)
HOP_RECALL = Metric(
    "hop_recall",
    "mean share of hops whose evidence was displayed",
    each(_mean_where_plan_is_known(lambda o: o.hops_found / o.hops)),
    default=0.0,
)


def pass_at(k: int) -> Metric:
    """Return ``pass@k``: the chance that one of k rollouts is an exact match (Chen et al. 2021, unbiased)."""
    return _pass(
        f"pass@{k}", f"chance that one of {k} rollouts is an exact match; needs {k} rollouts", k, lambda o: o.em
    )


def pass_within(k: int, rounds: int) -> Metric:
    """Return ``pass@(k,T)``: pass@k where only answers after at most T turns of searching count (arXiv 2604.14877)."""
    meaning = f"chance that one of {k} rollouts is an exact match after at most {rounds} turns before the answer"
    name = f"pass@({k},{rounds})"
    return _pass(name, f"{meaning}; needs {k} rollouts", k, lambda o: o.em and len(o.raw_moves) <= rounds + 1)


def _pass(name: str, meaning: str, k: int, counts: Callable[[Outcome], bool]) -> Metric:
    def parts(tasks: Sequence[TaskOutcomes]) -> Array:
        enough = any(task.rollouts >= k for task in tasks)

        def chance(task: TaskOutcomes) -> float | None:
            # Fewer rollouts than other tasks have are no reason to drop a task: those that are missing are misses.
            return pass_at_k(max(task.rollouts, k), sum(map(counts, task.outcomes)), k) if enough else None

        return each(chance)(tasks)

    return Metric(name, meaning, parts, default=0.0)
