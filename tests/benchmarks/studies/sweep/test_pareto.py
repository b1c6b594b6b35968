"""By what methods are placed: ways in the evaluation where all have them, else those at the end of training."""

from __future__ import annotations

from berrypick.benchmarks.studies.sweep.config import START
from berrypick.benchmarks.studies.sweep.pareto import pareto
from berrypick.benchmarks.studies.sweep.summary import NOTHING, Spread, SweepRow


def spread(value: float) -> Spread:
    return Spread(value, value - 0.1, value + 0.1, 3, "seeds")


def row(method: str, ways: float | None, at_end: float | None) -> SweepRow:
    measures = {"EM_dev": spread(0.4), "strategies_D2_dev": NOTHING if ways is None else spread(ways)}
    return SweepRow(method, 3, 3, measures | ({} if at_end is None else {"ways_at_end": spread(at_end)}), {})


def drawn(*rows: SweepRow) -> tuple[str, list[float]]:
    """The axis of the panel, and where its points are."""
    (axis,) = pareto(rows, ["dev"], dict.fromkeys((row.method for row in rows), "black")).axes
    return axis.get_xlabel(), [
        float(points.get_offsets()[0][0]) for points in axis.collections if len(points.get_offsets())
    ]


def test_ways_of_the_evaluation_are_taken_where_every_method_has_them():
    words, places = drawn(row(START, 2.0, None), row("grpo", 1.2, 1.1), row("kl_cov", 1.5, 1.4))
    assert "in use" in words and {2.0, 1.2, 1.5} <= set(places)


def test_else_those_at_the_end_of_training_for_all():
    words, places = drawn(row(START, 2.0, None), row("grpo", None, 1.1), row("kl_cov", 1.5, 1.4))
    assert "last 10 steps of training" in words and {1.1, 1.4} <= set(places) and not {2.0, 1.5} & set(places)


def test_methods_that_are_not_evaluated_do_not_decide():
    waiting = SweepRow("gppo", 3, 0, {}, {})
    words, places = drawn(row("grpo", 1.2, 1.1), waiting)
    assert "in use" in words and 1.2 in places
