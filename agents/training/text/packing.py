"""Batches of the text track: rows of tokens as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from berrypick.agents.lm.tokens import RowTokens
from berrypick.agents.methods.batch import Batch
from berrypick.agents.training.text.token_labels import Labels


def prompted(row: RowTokens, before: int, opening: Sequence[int]) -> RowTokens:
    """The same episode behind another prompt.

    Args:
        row: its tokens.
        before: how many of them are the prompt that it was played under.
        opening: tokens of the other.
    """
    blank = len(opening)
    return RowTokens(
        stop=row.stop,
        ids=[*opening, *row.ids[before:]],
        mask=[*[False] * blank, *row.mask[before:]],
        old_logprobs=[*[0.0] * blank, *row.old_logprobs[before:]],
        entropy=[*[0.0] * blank, *row.entropy[before:]],
        turns=[*[0] * blank, *row.turns[before:]],
        turn=row.turn,
        full=row.full,
    )


def to_batch(
    rows: Sequence[RowTokens],
    labels: Sequence[Labels],
    uniforms: Sequence[np.ndarray],
    reward: Tensor,
    group: Tensor,
    strategy_id: Tensor,
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
        strategy_id=strategy_id,
        mask=mask,
        old_logprobs=padded([row.old_logprobs for row in rows], torch.float32),
        entropy=padded([row.entropy for row in rows], torch.float32),
        token_type=generated([label.kind for label in labels]),
        turn=padded([row.turns for row in rows], torch.long),
        planning=generated([label.planning for label in labels]).bool(),
        uniform=padded(uniforms, torch.float32),
        inputs={"ids": padded([row.ids for row in rows], torch.long)},
    )
