"""Distillation (AlphaLLM, Tian et al. 2024, arXiv 2404.12253): a policy imitates the best episodes of a search.

Episodes are what stands behind the plain prompt anyway, since a tree's states are prefixes of plain episodes; loss is
on what the policy generated. Imitating the single best episode of a question narrows a policy: measure it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from berrypick import seeding
from berrypick.agents.treesearch.tree import Point
from berrypick.errors import BadInput


def distil(model: Any, ends: Sequence[Point], seed: int, epochs: int = 6, lr: float = 3e-4, size: int = 16) -> float:
    """Train a model in place by cross-entropy on the generated tokens of episodes, with Adam.

    Args:
        model: a causal language model.
        ends: where the episodes ended.
        seed: of their order.
        epochs: how often each is seen.
        lr: learning rate.
        size: episodes a step.

    Returns:
        Mean loss of the last epoch, in nats a token.

    Raises:
        BadInput: there are no episodes.
    """
    if not ends:
        reason = "no episode is good enough to be imitated; lower it, or search more questions"
        raise BadInput(reason, field="threshold")
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    losses: list[float] = []
    for epoch in range(epochs):
        order = seeding.rng(seed, "training", epoch).permutation(len(ends))
        losses = []
        for start in range(0, len(order), size):
            loss = imitation(model, [ends[place] for place in order[start : start + size]])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
    return sum(losses) / len(losses)


def imitation(model: Any, ends: Sequence[Point]) -> torch.Tensor:
    """Mean cross-entropy over the generated tokens of some episodes, a scalar."""
    device = next(model.parameters()).device
    ids = pad_sequence([torch.tensor(end.ids) for end in ends], True).to(device)
    mask = pad_sequence([torch.tensor(end.mask) for end in ends], True).to(device)
    # Padding is on the right, where causal attention never looks from a token before it.
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    chosen = mask[:, 1:]
    return functional.cross_entropy(logits[chosen].float(), ids[:, 1:][chosen])
