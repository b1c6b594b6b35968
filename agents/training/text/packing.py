"""Batches of the text track: rows of tokens as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from berrypick.agents.lm.tokens import Tokens
from berrypick.agents.methods.base import Batch
from berrypick.agents.training.text.token_labels import Labels


def prompted(row: Tokens, before: int, opening: Sequence[int]) -> Tokens:
    """The same episode behind another prompt.

    Args:
        row: its tokens.
        before: how many of them are the prompt that it was played under.
        opening: tokens of the other.
    """
    blank = len(opening)
    return Tokens(
        stop=row.stop,
        ids=[*opening, *row.ids[before:]],
        mask=[*[False] * blank, *row.mask[before:]],
        old=[*[0.0] * blank, *row.old[before:]],
        entropy=[*[0.0] * blank, *row.entropy[before:]],
        chunk=[*[0] * blank, *row.chunk[before:]],
        turn=row.turn,
        full=row.full,
    )


def to_batch(
    rows: Sequence[Tokens],
    labels: Sequence[Labels],
    lots: Sequence[np.ndarray],
    reward: Tensor,
    group: Tensor,
    niche: Tensor,
) -> Batch:
    """Return the batch; tokens are padded on the right."""

    def padded(each: Sequence[Sequence[float]] | Sequence[np.ndarray], kind: torch.dtype) -> Tensor:
        return pad_sequence([torch.as_tensor(np.asarray(values)).to(kind) for values in each], True)

    mask = padded([row.mask for row in rows], torch.bool)

    def generated(each: Sequence[Sequence[int]]) -> Tensor:
        """What is said of generated tokens, at their places."""
        flat = torch.tensor([number for numbers in each for number in numbers], dtype=torch.long)
        return torch.zeros(mask.shape, dtype=torch.long).masked_scatter(mask, flat)

    return Batch(
        reward=reward,
        group=group,
        niche=niche,
        mask=mask,
        old=padded([row.old for row in rows], torch.float32),
        entropy=padded([row.entropy for row in rows], torch.float32),
        kind=generated([label.kind for label in labels]),
        chunk=padded([row.chunk for row in rows], torch.long),
        planning=generated([label.planning for label in labels]).bool(),
        lot=padded(lots, torch.float32),
        inputs={"ids": padded([row.ids for row in rows], torch.long)},
    )
