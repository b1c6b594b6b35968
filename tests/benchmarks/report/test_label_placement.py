"""Labels cover neither each other nor points."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from berrypick.benchmarks.report.label_placement import Box, place, spread

FRAME = Box(0, 0, 600, 400)


def box(centre: tuple[float, float], size: tuple[float, float]) -> Box:
    (x, y), (wide, high) = centre, size
    return Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def test_overlap_is_the_common_area():
    assert Box(0, 0, 4, 3).overlap(Box(2, 1, 9, 9)) == 2 * 2
    assert Box(0, 0, 1, 1).overlap(Box(1, 0, 2, 1)) == 0
    assert Box(-1, 0, 1, 1).outside(Box(0, 0, 9, 9)) == 1


def test_a_lone_label_stands_right_beside_its_point():
    ((x, y),) = place([(300, 200)], [(40, 10)], FRAME, gap=7)
    assert (x, y) == (300 + 7 + 20, 200)


def test_a_label_at_the_edge_stays_inside():
    ((x, y),) = place([(598, 200)], [(60, 10)], FRAME)
    assert box((x, y), (60, 10)).outside(FRAME) == 0


def test_a_dozen_points_in_a_heap_get_labels_that_do_not_touch():
    points = [(300 + 3 * i, 200 + 9 * i) for i in range(10)] + [(100, 30), (100, 36)]
    sizes = [(70, 11)] * len(points)
    boxes = [box(centre, size) for centre, size in zip(place(points, sizes, FRAME), sizes, strict=True)]
    assert [a.overlap(b) for i, a in enumerate(boxes) for b in boxes[:i]] == [0] * 66
    dots = [box(point, (6, 6)) for point in points]
    assert sum(a.overlap(dot) for a in boxes for dot in dots) == 0


def test_spread_moves_only_what_is_too_close():
    # 1.0 and 1.05 want 0.1 between them; 0.2 stays.
    assert spread([1.05, 0.2, 1.0], 0.1, 0, 2) == [1.1, 0.2, 1.0]
    # Nothing may go above 1: the pair is pushed down instead.
    assert spread([1.0, 1.0], 0.25, 0, 1) == [0.75, 1.0]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_spread_keeps_order_and_distance(heights: list[float]):
    moved = spread(heights, 0.05, 0, 1)
    order = sorted(range(len(heights)), key=lambda i: (heights[i], i))
    assert all(moved[b] - moved[a] >= 0.05 - 1e-9 for a, b in pairwise(order))
    assert all(-1e-9 <= height <= 1 + 1e-9 for height in moved)
