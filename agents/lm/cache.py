"""A key-value cache for rows of different lengths, each packed from the left, in buffers with room to spare.

transformers' own concatenates the whole cache at every token. Here a token is written into place: position p of a row
lies in column p, so that a row has no holes, and what a query may see is every column up to its own position. What
stands beyond is stale and is never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

#: Columns that there is room for at first; room doubles when it is used up.
_ROOM: Final = 128


@dataclass
class Slots:
    """Where one forward pass writes and reads; all layers share it.

    Attributes:
        rows: rows of the cache.
        room: columns of the buffers.
        columns: columns that a query may see.
        row: rows that new tokens go to. Shape (tokens,).
        column: their columns. Shape (tokens,).
        real: which of the tokens that are fed those are, None for all. Shape (tokens,), into the flattened rectangle.
        chosen: rows that are fed, None for all. Shape (n,).
    """

    rows: int = 0
    room: int = _ROOM
    columns: int = 0
    row: Tensor | None = None
    column: Tensor | None = None
    real: Tensor | None = None
    chosen: Tensor | None = None


class PackedLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's keys and values. Shape of the buffers: (rows, heads, room, width)."""

    is_sliding = False

    def __init__(self, slots: Slots, **_: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._slots = slots
        self.keys: Tensor
        self.values: Tensor

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Make room. Zeros, as a stale NaN would spoil a sum even with weight zero."""
        self.keys, self.values = (self._room(states) for states in (key_states, value_states))
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Write the new tokens that are real; returns views of what the rows that are fed may see."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.resize()
        return self._written(self.keys, key_states), self._written(self.values, value_states)

    def resize(self) -> None:
        """Give the buffers the room that the cache wants."""
        if self.keys.shape[2] < self._slots.room:
            self.keys, self.values = _widened(self.keys, self._slots.room), _widened(self.values, self._slots.room)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns that can be seen, and the first of them."""
        return self._slots.columns, 0

    def get_seq_length(self) -> int:
        """Columns that can be seen."""
        return self._slots.columns

    def get_max_length(self) -> int:
        """No limit."""
        return -1

    def _room(self, states: Tensor) -> Tensor:
        return states.new_zeros((self._slots.rows, states.shape[1], self._slots.room, states.shape[3]))

    def _written(self, buffer: Tensor, states: Tensor) -> Tensor:
        slots = self._slots
        tokens = states.transpose(1, 2).flatten(0, 1)
        buffer[slots.row, :, slots.column] = tokens if slots.real is None else tokens[slots.real]
        seen = buffer[:, :, : slots.columns]
        return seen if slots.chosen is None else seen[slots.chosen]


def _widened(buffer: Tensor, room: int) -> Tensor:
    rows, heads, used, width = buffer.shape
    made = buffer.new_zeros((rows, heads, room, width))
    made[:, :, :used] = buffer
    return made


class PackedCache(Cache):
    """Rows of keys and values.

    Args:
        rows: how many; each starts empty.
        device: of the buffers.

    Attributes:
        lengths: tokens in each row. Shape (rows,), int64, on the CPU.
    """

    def __init__(self, rows: int, device: torch.device) -> None:
        self._slots = Slots(rows)
        self.layers: list[PackedLayer]  # type: ignore[assignment]
        super().__init__(layer_class_to_replicate=partial(PackedLayer, self._slots))  # type: ignore[arg-type]
        self.lengths = torch.zeros(rows, dtype=torch.long)
        self._device = device

    def place(self, counts: Tensor, chosen: Tensor | None) -> tuple[Tensor, int]:
        """Say where the next pass puts its tokens: a rectangle in which each row's tokens are aligned on the right.

        Args:
            counts: new tokens of each row that is fed; the rectangle is as wide as the largest. Shape (n,).
            chosen: which rows are fed, None for all. Shape (n,).

        Returns:
            Positions of the tokens, 0 for padding, shape (n, width); and how many columns they may see.
        """
        slots, width = self._slots, int(counts.max())
        rows = torch.arange(slots.rows) if chosen is None else chosen
        before = self.lengths[rows]
        offset = torch.arange(width) - (width - counts)[:, None]
        positions = before[:, None] + offset
        self.lengths[rows] = before + counts
        slots.columns = int(self.lengths[rows].max())
        while slots.room < slots.columns:
            slots.room *= 2
        real = offset >= 0
        slots.row = rows.repeat_interleave(counts).to(self._device)
        slots.column = positions[real].to(self._device)
        slots.real = None if real.all() else real.flatten().nonzero()[:, 0].to(self._device)
        slots.chosen = None if chosen is None else chosen.to(self._device)
        return positions.where(real, 0).to(self._device), slots.columns

    def keep(self, rows: Tensor) -> None:
        """Make these rows, some perhaps more than once, all there is. Shape (n,), int64."""
        self.lengths, self._slots.rows = self.lengths[rows], len(rows)
        there = rows.to(self._device)
        for layer in self.layers:
            layer.keys, layer.values = layer.keys.index_select(0, there), layer.values.index_select(0, there)

    def append(self, other: PackedCache) -> None:
        """Add the rows of another cache, which is used up."""
        room = max(self._slots.room, other._slots.room)
        self._slots.room = other._slots.room = room
        self._slots.rows += other._slots.rows
        self.lengths = torch.cat([self.lengths, other.lengths])
        for layer, more in zip(self.layers, other.layers, strict=True):
            layer.resize()
            more.resize()
            layer.keys = torch.cat([layer.keys, more.keys])
            layer.values = torch.cat([layer.values, more.values])
