"""The pictures: same bytes for the same results, every agent on them, blank values kept apart."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import matplotlib
import msgspec
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from berrypick.benchmarks.report import bars as report_bars
from berrypick.benchmarks.report import knockouts, lines, plots, scatter
from berrypick.benchmarks.report.base import ReportRow, panels, short
from berrypick.benchmarks.report.columns import changed
from berrypick.benchmarks.report.plots import READING
from berrypick.benchmarks.result import Result

FULL = "bm25/asked/names:full > bm25/found/names:full > answer"
OPENS = "bm25/asked/names:full > open/found/names:full > answer"


@pytest.fixture(scope="module")
def points(many: list[Result]) -> Figure:
    with matplotlib.rc_context(plots.STYLE):
        figure = scatter.accuracy_against_strategies(panels(many))
        figure.draw_without_rendering()
    return figure


def row_of(run: Result) -> ReportRow:
    return panels([run])[0].rows[0]


def test_every_picture_is_a_png_with_something_on_it(drawn: dict[str, bytes]):
    assert list(drawn) == list(plots.PICTURES)
    for name, png in drawn.items():
        pixels = imread(BytesIO(png))
        assert pixels.shape[1] > 1000, name
        assert np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0).shape[0] > 20, f"{name} is empty"


def test_one_run_with_nothing_right_can_be_drawn_to_the_same_bytes(make_result: Callable[..., Result]):
    first, second = (plots.draw_all([make_result("random", 0.0, None)]) for _ in range(2))
    assert len(first) == 5 and first == second


def test_a_cell_that_an_agent_cannot_read_is_not_drawn(make_result: Callable[..., Result]):
    run = make_result("scripted:byname", 0.5)
    blind = [msgspec.structs.replace(cell, readable=False) for cell in run.cells]
    assert [panel.label for panel in panels([msgspec.structs.replace(run, cells=(run.cells[0], blind[1]))])] == [
        "Almanac"
    ]
    assert plots.draw_all([msgspec.structs.replace(run, cells=tuple(blind))]) == {}


def test_no_two_names_overlap(many: list[Result], points: Figure):
    names = {short(run.agent) for run in many}
    for axis in points.axes:
        boxes = [text.get_window_extent() for text in axis.texts if text.get_text() in names]
        assert len(boxes) == len(many), "every agent is named once"
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_agents_without_a_number_of_ways_stand_apart(points: Figure):
    axis = points.axes[0]
    x = {mark.get_gid(): mark.get_offsets()[0][0] for mark in axis.collections if mark.get_gid()}
    assert x["mixture"] == 3.7 and x["oracle"] == 1.0
    assert x["random"] < 1 and x["closed_book"] < 1


def test_ranks_average_over_questions_with_two_successes(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    counts = [{"a": 3, "b": 1}, {"a": 1, "c": 1}, {"a": 1}, {}]
    rows = [msgspec.structs.replace(run.questions[0], strategies=count) for count in counts]
    ranks = report_bars.ranks(ReportRow("mixture", run.cells[0], rows))
    # The first two count: commonest 3/4 and 1/2, second 1/4 and 1/2.
    assert ranks["commonest way"] == pytest.approx((0.75 + 0.5) / 2)
    assert ranks["second"] == pytest.approx((0.25 + 0.5) / 2)
    assert sum(ranks.values()) == pytest.approx(1)
    assert report_bars.ranks(ReportRow("x", run.cells[0], rows[2:])) == {}


def test_moves_leave_the_answer_out_and_are_readable(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    question = msgspec.structs.replace(run.questions[0], strategies={FULL: 1, OPENS: 1})
    # FULL has two searches by full name, OPENS one, and one page opened: 3 of 4 and 1 of 4.
    shares = report_bars.moves(ReportRow("mixture", run.cells[0], [question]))
    assert shares == {"bm25: full name": 0.75, "open a page": 0.25}
    assert report_bars.merged(shares, ["open a page"]) == {"open a page": 0.25, "all others": 0.75}


def test_only_the_commonest_moves_have_a_colour():
    shares = {f"move {i:02d}": (i + 1) / 210 for i in range(20)}
    named = report_bars.commonest([shares])
    assert named == [f"move {i:02d}" for i in range(11, 20)]


def test_pass_at_k_is_the_unbiased_estimator(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    rows = tuple(msgspec.structs.replace(question, correct=1) for question in run.questions[:1])
    figure = lines.pass_at_k(panels([msgspec.structs.replace(run, questions=rows)])[:1])
    line = figure.axes[0].lines[0]
    # One right of 16: k of 16 draws hold it with probability k/16.
    assert list(line.get_ydata()) == pytest.approx([k / 16 for k in range(1, 17)])


def test_pass_within_counts_answers_up_to_each_turn(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    # Of 16 rollouts one is right after 1 turn and one more after 3.
    rows = (msgspec.structs.replace(run.questions[0], correct=2, rounds=(0, 1, 0, 1)),)
    one, every = lines.pass_within(panels([msgspec.structs.replace(run, questions=rows)])[:1]).axes
    assert list(one.lines[0].get_xdata()) == list(every.lines[0].get_xdata()) == [0, 1, 2, 3]
    assert list(one.lines[0].get_ydata()) == pytest.approx([0, 1 / 16, 1 / 16, 2 / 16])
    assert list(every.lines[0].get_ydata()) == [0, 1, 1, 1]


def test_changes_are_drawn_where_there_are_some(robust: list[Result], many: list[Result]):
    pictures = plots.draw_all(robust)
    assert list(pictures) == [*plots.PICTURES, *plots.OF_CHANGES] == list(READING)
    assert pictures == plots.draw_all(robust)
    assert [panel.label for panel in panels(robust)] == ["Almanac"], "only what was not changed has panels"
    for draw in plots.OF_CHANGES.values():
        assert draw(changed(many)) is None


def test_bars_show_accuracy_and_what_was_kept(robust: list[Result]):
    figure = knockouts.knockout_bars(changed(robust))
    assert figure is not None and [axis.get_title() for axis in figure.axes[:3]] == [
        "names-only", "reformulate-on-miss", "mixture",
    ]  # fmt: skip
    axis = figure.axes[0]
    # Neither shifts nor faults have bars. Without bm25 the first agent has 0, else its .5.
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "plain", "no_profile", "no_bm25", "no_open", "no_favourite",
    ]  # fmt: skip
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.5, 0.5, 0.0, 0.5, 0.5])
    assert [text.get_text() for text in axis.texts] == ["1.00", "0.00", "1.00", "1.00", "retained"]


def test_the_map_has_a_field_for_every_change(robust: list[Result]):
    figure = knockouts.change_map(changed(robust))
    assert figure is not None
    axis = figure.axes[0]
    assert len(axis.get_xticklabels()) == 9 and axis.get_xticklabels()[0].get_text() == "plain"
    shown = axis.images[0].get_array()
    assert shown is not None and shown.shape == (3, 9)
    # names-only: plain .5, no_profile all of it, no_bm25 none, renamed and the faults half.
    assert list(shown[0]) == pytest.approx([0.5, 0.5, 0.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25])
    assert [text.get_text() for text in axis.texts].count("retained 0.00") == 1


def test_an_agent_that_reads_no_changed_cell_is_a_dash(robust: list[Result]):
    blind = [msgspec.structs.replace(cell, readable=False, metrics={}) for cell in robust[0].cells[1:]]
    runs = [msgspec.structs.replace(robust[0], cells=(robust[0].cells[0], *blind)), *robust[1:]]
    figure = knockouts.change_map(changed(runs))
    assert figure is not None and [text.get_text() for text in figure.axes[0].texts].count("\u2013") == 8
    bars = knockouts.knockout_bars(changed(runs))
    assert bars is not None and len(bars.axes[0].patches) == 1


@pytest.mark.parametrize("picture", ["knockout_bars", "change_map"])
def test_no_label_of_changes_overlaps_with_many_agents(robust: list[Result], picture: str):
    runs = [msgspec.structs.replace(robust[i % 3], agent=f"scripted:reformulate-on-miss-{i}") for i in range(14)]
    with matplotlib.rc_context(plots.STYLE):
        figure = plots.OF_CHANGES[picture](changed(runs))
        assert figure is not None
        figure.draw_without_rendering()
    for axis in figure.axes[:14]:
        boxes = [text.get_window_extent() for text in axis.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    titles = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title()]
    assert not any(a.overlaps(b) for i, a in enumerate(titles) for b in titles[:i])


def test_questions_whose_rollouts_all_failed_have_no_searches(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.5)
    broken = tuple(
        msgspec.structs.replace(question, metrics=question.metrics | {"searches": None}) for question in run.questions
    )
    figure = lines.searches_against_hops(panels([msgspec.structs.replace(run, questions=broken)]))
    assert list(figure.axes[0].lines) == []
