"""Batches cut and joined: rows taken out, steps of several rounds put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from berrypick.agents.methods.batch import Batch

_ROWS: Final = ("reward", "group", "strategy_id")
#: None where they are false for all.
_FLAGS: Final = ("off", "more")
_TOKENS: Final = ("mask", "old_logprobs", "entropy", "token_type", "turn", "planning", "uniform")


def take(batch: Batch, rows: Tensor) -> Batch:
    """The episodes of some rows. Shape of ``rows``: (n,), int64."""
    there = [name for name in _FLAGS if getattr(batch, name) is not None]
    fields = {name: getattr(batch, name)[rows] for name in (*_ROWS, *_TOKENS, *there)}
    extra, inputs = (
        {name: tensor[rows] for name, tensor in tensors.items()} for tensors in (batch.extra, batch.inputs)
    )
    return Batch(**fields, extra=extra, inputs=inputs)


def join(batches: Sequence[Batch]) -> Batch:
    """Batches one under the other; groups and strategies get numbers of their own, tokens are padded on the right.

    Annotations (``Batch.extra``) are padded with NaN where they are floating-point numbers, else with 0.
    """
    if len(batches) == 1:
        return batches[0]
    width = max(batch.mask.shape[1] for batch in batches)
    fields = {name: torch.cat([_widened(getattr(batch, name), width) for batch in batches]) for name in _TOKENS}
    for name in _FLAGS:
        if any(getattr(batch, name) is not None for batch in batches):
            fields[name] = torch.cat([_flag(batch, name) for batch in batches])
    fields["reward"] = torch.cat([batch.reward for batch in batches])
    for name in ("group", "strategy_id"):
        fields[name] = torch.cat(_renumbered([getattr(batch, name) for batch in batches]))
    inputs = {name: torch.cat([_widened(batch.inputs[name], width) for batch in batches]) for name in batches[0].inputs}
    return Batch(**fields, extra=_joined([batch.extra for batch in batches]), inputs=inputs)


def is_off(batch: Batch) -> Tensor:
    """``Batch.off``, false for all where there are none."""
    return _flag(batch, "off")


def _joined(extras: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    found = {}
    for name in extras[0]:
        tensors = [extra[name] for extra in extras]
        blank = torch.nan if tensors[0].is_floating_point() else 0
        width = max(tensor.shape[1] if tensor.dim() > 1 else 0 for tensor in tensors)
        found[name] = torch.cat([_widened(each, width, blank) if each.dim() > 1 else each for each in tensors])
    return found


def _flag(batch: Batch, name: str) -> Tensor:
    found: Tensor | None = getattr(batch, name)
    return torch.zeros(len(batch.reward), dtype=torch.bool) if found is None else found


def _widened(tensor: Tensor, width: int, blank: float = 0) -> Tensor:
    room = [0, 0] * (tensor.dim() - 2) + [0, width - tensor.shape[1]]
    return functional.pad(tensor, room, value=blank)


def _renumbered(numbers: Sequence[Tensor]) -> list[Tensor]:
    start, found = 0, []
    for own in numbers:
        found.append(torch.where(own >= 0, own + start, own))
        start += int(own.max()) + 1 if len(own) else 0
    return found
