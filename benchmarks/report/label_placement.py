"""Labels beside points that cover neither each other nor the points. Pure geometry, in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Area in common."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0.0) * max(high, 0.0)

    def outside(self, frame: Box) -> float:
        """Area that sticks out of a frame."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(frame)


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    lines: Sequence[Box] = (),
    gap: float = 9.0,
) -> list[tuple[float, float]]:
    """Return the centre of each label, in order of the points.

    Each label tries 16 directions at growing distances and takes the place with the least overlap with points, lines
    and labels already placed; nearer places win ties. Labels of crowded points are placed first.

    Args:
        points: what is labelled, in pixels.
        sizes: width and height of each label, in pixels.
        frame: where labels should stay.
        lines: what else labels should not cover, if they can.
        gap: free pixels between a point and its label.
    """
    dots = [Box(x - gap, y - gap, x + gap, y + gap) for x, y in points]
    crowd = [sum(math.dist(a, b) < 120 for b in points) for a in points]
    placed: list[Box] = []
    centres = list(points)
    for i in sorted(range(len(points)), key=lambda i: (-crowd[i], i)):
        taken = [*dots[:i], *dots[i + 1 :], *placed, *lines]
        best = min(_candidates(points[i], sizes[i], gap), key=lambda box: _cost(box, points[i], taken, frame))
        placed.append(best)
        centres[i] = ((best.left + best.right) / 2, (best.bottom + best.top) / 2)
    return centres


def _candidates(point: tuple[float, float], size: tuple[float, float], gap: float) -> list[Box]:
    (x, y), (wide, high) = point, size
    boxes = []
    for ring in range(8):
        for step in range(16):
            dx, dy = math.cos(math.tau * step / 16), math.sin(math.tau * step / 16)
            far = gap * (1 + ring)
            # The label's nearest side or corner, not its middle, lies in the direction.
            cx, cy = x + dx * far + _side(dx) * wide / 2, y + dy * far + _side(dy) * high / 2
            boxes.append(Box(cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2))
    return boxes


def _side(direction: float) -> int:
    return 0 if abs(direction) < 0.3 else 1 if direction > 0 else -1


def _cost(box: Box, point: tuple[float, float], taken: Sequence[Box], frame: Box) -> tuple[float, float]:
    hidden = sum(box.overlap(other) for other in taken)
    centre = ((box.left + box.right) / 2, (box.bottom + box.top) / 2)
    near = max(abs(centre[0] - point[0]) - (box.right - box.left) / 2, 0) + abs(centre[1] - point[1])
    return hidden + 4 * box.outside(frame), near


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels of line ends apart by at least ``gap``, in their order, as little as a single pass allows.

    Args:
        heights: where the labels want to be.
        gap: least distance between two labels.
        low: no label goes below.
        high: no label goes above, unless all do not fit between the two.
    """
    order = sorted(range(len(heights)), key=lambda i: (heights[i], i))
    moved = list(heights)
    floor = low
    for i in order:
        moved[i] = floor = max(moved[i], floor)
        floor += gap
    ceiling = high
    for i in reversed(order):
        moved[i] = ceiling = min(moved[i], ceiling)
        ceiling -= gap
    return moved
