"""The pictures: same bytes for the same results, every agent on them, blank values kept apart."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from berrypick.benchmarks import plots
from berrypick.benchmarks.result import Result

NAMES, OPENS = "bm25/asked/names:full > answer", "open/found/names > answer"


def test_every_picture_is_a_png_with_something_on_it(drawn: dict[str, bytes]):
    assert list(drawn) == ["accuracy_against_strategies", "strategy_shares", "pass_at_k", "searches_against_hops"]
    for name, png in drawn.items():
        pixels = imread(BytesIO(png))
        assert pixels.shape[1] > 1000, name
        assert np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0).shape[0] > 20, f"{name} is empty"


def test_one_run_with_nothing_right_can_be_drawn_to_the_same_bytes(make_result: Callable[..., Result]):
    first, second = (plots.draw_all([make_result("random", 0.0, None)]) for _ in range(2))
    assert len(first) == 4 and first == second


def test_names_of_points_do_not_overlap(many: list[Result]):
    figure = plots.accuracy_against_strategies(plots.panels(many))
    figure.draw_without_rendering()
    for axis in figure.axes:
        texts = [t for t in axis.texts if t.get_text() in {plots.short(run.agent) for run in many}]
        boxes = [text.get_window_extent() for text in texts]
        assert len(boxes) == len(many)
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_agents_without_a_number_of_ways_stand_left_of_one(many: list[Result]):
    axis = plots.accuracy_against_strategies(plots.panels(many)).axes[0]
    x = {mark.get_gid(): mark.get_offsets()[0][0] for mark in axis.collections if mark.get_gid()}
    assert x["random"] < 1 and x["closed_book"] < 1
    assert x["mixture"] == 3.7 and x["oracle"] == 1.0


def test_shares_of_a_bar_sum_to_one(make_result: Callable[..., Result]):
    run = make_result("mixture", 0.9, 2.0, 2.0, (NAMES, OPENS))
    figure = plots.strategy_shares(plots.panels([run]))
    axis = figure.subfigs[0].axes[0]
    assert sum(bar.get_width() for bar in axis.patches) == pytest.approx(1.0)
    labels = [text.get_text() for text in figure.subfigs[0].legends[0].get_texts()]
    assert labels[-1] == "all others" and "bm25 asked names:full  \u2192  answer" in labels


def test_only_the_commonest_strategies_have_a_colour():
    from collections import Counter

    many_ways = Counter({f"way {i:02d}": i + 1 for i in range(20)})
    named = plots._commonest([many_ways])
    assert named[0] == "way 19" and len(named) == plots.NAMED_STRATEGIES
    # 20 + 19 + ... + 1 = 210; the ten with a colour hold 20 + ... + 11 = 155.
    assert plots._share(many_ways, None, named) == pytest.approx(55 / 210)


def test_a_cell_that_an_agent_cannot_read_is_not_drawn(make_result: Callable[..., Result]):
    import msgspec

    run = make_result("scripted:byname", 0.5)
    blind = msgspec.structs.replace(run.cells[1], readable=False)
    run = msgspec.structs.replace(run, cells=(run.cells[0], blind))
    assert [panel.label for panel in plots.panels([run])] == ["Almanac"]
