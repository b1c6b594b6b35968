"""Micro-batches written as lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from berrypick.agents.methods.batch import Batch, MicroBatch, Scores
from berrypick.agents.methods.method import Method, loss

Rows = Sequence[Sequence[float]]


def tensor(rows: Rows | Tensor) -> Tensor:
    return torch.as_tensor(rows, dtype=torch.float64)


@pytest.fixture
def micro() -> Callable[..., MicroBatch]:
    """``micro(new, old, advantage, **fields)``: advantages per episode; by default every token was generated."""

    def build(new: Rows, old: Rows, advantage: Sequence[float] | Rows, **fields) -> MicroBatch:
        new = tensor(new).clone().requires_grad_()  # a leaf of its own: old may be the same tensor
        mask = torch.as_tensor(fields.pop("mask", torch.ones_like(new)), dtype=torch.bool)
        each = tensor(advantage)
        each = each if each.dim() == 2 else each[:, None].expand(new.shape)
        positive = (mask & (each >= 0)).sum()
        others = {"weight": mask / mask.sum(), "reference": None, "entropy": torch.zeros_like(new)}
        others["old_entropy"] = tensor(fields.pop("old_entropy", torch.zeros_like(new)))
        others |= {name: tensor(fields.pop(name)) for name in ("weight", "reference", "entropy") if name in fields}
        marked = torch.as_tensor(fields.pop("selected", torch.zeros_like(new)), dtype=torch.bool)
        turn = torch.as_tensor(fields.pop("turn", torch.zeros_like(new)), dtype=torch.int64)
        good = torch.as_tensor(fields.pop("good", (each * mask).sum(1) >= 0), dtype=torch.bool)
        numbers = {"count": int(mask.sum()), "positive": max(1, int(positive)), "state": {}} | fields
        return MicroBatch(
            logprobs=new,
            old_logprobs=tensor(old),
            advantage=each,
            mask=mask,
            selected=marked,
            turn=turn,
            good=good,
            **others,
            **numbers,
        )

    return build


@pytest.fixture
def slopes() -> Callable[[Method, MicroBatch], Tensor]:
    """Return d loss / d lp of a micro-batch."""

    def of(method: Method, tokens: MicroBatch) -> Tensor:
        total = loss(method, tokens)
        return torch.autograd.grad(total, tokens.logprobs, allow_unused=True)[0]

    return of


@pytest.fixture
def scored() -> Callable[..., Scores]:
    """``scored(new, advantage)``: an optimiser batch of one row before its first update."""

    def build(new: Sequence[float], advantage: Sequence[float], old: Sequence[float] | None = None, seed: int = 0):
        row, ones = tensor([new]), torch.ones(1, len(new), dtype=torch.bool)
        before = row if old is None else tensor([old])
        return Scores(row, before, torch.zeros_like(row), tensor([advantage]), ones, np.random.default_rng(seed))

    return build


@pytest.fixture
def played() -> Callable[..., Batch]:
    """``played(reward, group, strategy_id, lengths, entropy, **fields)``: episodes without text."""

    def build(reward, group, strategy_id=None, lengths=None, entropy=None, **fields) -> Batch:
        lengths = torch.as_tensor(lengths if lengths is not None else [1] * len(reward))
        mask = torch.arange(int(lengths.max()))[None] < lengths[:, None]
        zeros = torch.zeros(mask.shape)
        return Batch(
            reward=tensor(reward),
            group=torch.as_tensor(group),
            strategy_id=torch.as_tensor(strategy_id if strategy_id is not None else [-1] * len(reward)),
            mask=mask,
            old_logprobs=zeros,
            entropy=zeros if entropy is None else tensor(entropy),
            **{"token_type": zeros.long(), "turn": zeros.long(), "planning": zeros.bool(), "uniform": zeros, **fields},
        )

    return build
