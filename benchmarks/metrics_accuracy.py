"""Right answers. No task is dropped: a failed rollout is a miss, a task without rollouts scores the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from berrypick.benchmarks.metrics_base import Array, Metric, TaskOutcomes, each
from berrypick.diversity import pass_at_k
from berrypick.envs.outcome import Outcome


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

    def parts(tasks: Sequence[TaskOutcomes]) -> Array:
        enough = any(task.rollouts >= k for task in tasks)
        # Fewer rollouts than other tasks have are no reason to drop a task: those that are missing are misses.
        return each(lambda task: pass_at_k(max(task.rollouts, k), _right(task), k) if enough else None)(tasks)

    return Metric(
        f"pass@{k}", f"chance that one of {k} rollouts is an exact match; needs {k} rollouts", parts, default=0.0
    )


def _right(task: TaskOutcomes) -> int:
    return sum(outcome.em for outcome in task.outcomes)
