"""The metrics of docs/design.md: one table from a name to a metric, and families whose names carry a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from berrypick.benchmarks.metrics import accuracy, cost, diversity, published, surface
from berrypick.benchmarks.metrics.adaptivity import ADAPTIVITY
from berrypick.benchmarks.metrics.base import FEWEST, Metric, TaskOutcomes, Value
from berrypick.registry import Table

NUMBER: Final = "[1-9][0-9]*"
#: Families of metrics: spelling with # for each number -> numbers to metric.
FAMILIES: Final[dict[str, Callable[..., Metric]]] = {
    "pass@#": accuracy.pass_at,
    "pass@(#,#)": accuracy.pass_within,
    "route_coverage@#": diversity.route_coverage_at,
    "distinct_#": published.distinct_at,
    "utility_#": published.utility_at,
}

METRICS: Table[Metric] = Table("metric", "berrypick.metrics")
for _metric in (
    accuracy.EM,
    accuracy.F1,
    accuracy.pass_at(1),
    accuracy.pass_at(4),
    accuracy.pass_at(16),
    accuracy.pass_within(16, 2),
    accuracy.pass_within(16, 4),
    accuracy.pass_within(16, 6),
    accuracy.GROUNDED,
    diversity.STRATEGIES_D1,
    diversity.STRATEGIES_D2,
    diversity.VENDI,
    diversity.DOMINANT_SHARE,
    diversity.ROUTE_COVERAGE,
    diversity.route_coverage_at(4),
    diversity.EVIDENCE_DIVERSITY,
    diversity.FIRST_QUERY_DUPLICATES,
    ADAPTIVITY,
    accuracy.HOP_RECALL,
    cost.SEARCHES,
    cost.OPENS,
    cost.TOKENS,
    cost.INVALID,
    cost.UNSUPPORTED,
    cost.ERRORS,
    diversity.DETERMINISM,
    diversity.STRATEGIES_D2_FORMS,
    published.distinct_at(4),
    published.utility_at(4),
    published.ACR,
    published.CTAR,
    published.KUIPER,
    surface.QUERY_BIGRAMS,
    surface.CHRF_CLUSTERS,
    surface.QUERY_INFORMATION,
    cost.BYTES,
):
    METRICS.add(_metric.name, _metric, _metric.help)


def metric(name: str) -> Metric:
    """Return a metric by its spelling; ``pass@8`` and its like need no row of their own.

    Raises:
        UnknownName: no such metric; the message lists near matches.
    """
    if "#" not in name and (family := FAMILIES.get(re.sub(NUMBER, "#", name))):
        return family(*map(int, re.findall(NUMBER, name)))
    return METRICS[name]


__all__ = ["FAMILIES", "FEWEST", "METRICS", "Metric", "TaskOutcomes", "Value", "metric"]
