"""The rollout engine (docs/design.md): batched generation over several turns with one cache.

Observations are fed, never recomputed; generated tokens are never tokenised again. Rows differ in length and in when
they end. A row samples with one uniform a token from its own generator, so that who else is in the batch changes
nothing but the last bits of its log-probabilities.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from berrypick.agents.lm.cache import PackedCache
from berrypick.agents.lm.load import Policy
from berrypick.agents.lm.masks import Masks
from berrypick.agents.lm.tokens import RowTokens, Stop

#: Rows that generate are fed alone once they are at most this share of all: it costs a copy of what they see.
_FEW: Final = 1 / 2


class Session:
    """Rows that a model plays side by side.

    Args:
        model: a transformers causal language model, in evaluation mode.
        temperature: divides logits; 0 takes the likeliest token and records what it is at 1.
        most: tokens an action may have.
        positions: tokens a sequence may have, None for any number.
        ends: tokens that end an action.

    Attributes:
        rows: the rows, in the order of the generators that ``act`` takes.
        generated: tokens sampled so far.
        overflowed: rows that found no room so far.
        forwarded: tokens put through the model so far.
    """

    def __init__(
        self,
        model: Any,
        *,
        temperature: float = 1.0,
        most: int = 256,
        positions: int | None = None,
        ends: frozenset[int] = frozenset(),
    ) -> None:
        self._model, self._masks = model, Masks(model.config)
        self._temperature, self._most, self._ends = temperature, most, ends
        self._positions = sys.maxsize if positions is None else positions
        self._device = next(model.parameters()).device
        self._cache = PackedCache(0, self._device)
        self.rows: list[RowTokens] = []
        self.generated = self.forwarded = self.overflowed = 0

    @classmethod
    def of(cls, policy: Policy) -> Session:
        """A session of a policy, sampled as its card says."""
        card = policy.card
        return cls(
            policy.model,
            temperature=card.temperature,
            most=card.max_new_tokens,
            positions=policy.positions,
            ends=policy.ends,
        )

    def start(self, prompts: Sequence[Sequence[int]], stops: Sequence[Stop]) -> None:
        """Add a row for each prompt."""
        for ids, stop in zip(prompts, stops, strict=True):
            self.rows.append(RowTokens(stop))
            self.rows[-1].read(ids)

    def keep(self, rows: Sequence[int]) -> None:
        """Retire all but some rows, by their places in ascending order; a retired row's record stays as it is."""
        if len(rows) == len(self.rows):
            return
        fed = len(self._cache.lengths)
        self._cache.keep(torch.tensor([place for place in rows if place < fed], dtype=torch.long))
        self.rows = [self.rows[place] for place in rows]

    @torch.inference_mode()
    def act(self, rngs: Sequence[np.random.Generator]) -> list[list[int]]:
        """Feed what each row has read, then generate an action for each; returns their tokens.

        A row without room for what it read and one token more acts no more: its actions are empty.
        """
        for row in self.rows:
            self._check_room(row)
        actions: list[list[int]] = [[] for _ in self.rows]
        live = [place for place, row in enumerate(self.rows) if not row.full]
        logits = self._read(live) if live else torch.empty(0)
        while live:
            tokens, old, entropy = self._sample(logits, [rngs[place] for place in live])
            for place, token, *measured in zip(live, tokens, old, entropy, strict=True):
                self.rows[place].write(token, *measured)
                actions[place].append(token)
            self.generated += len(live)
            live = [place for place in live if not self._over(self.rows[place], actions[place])]
            if live:
                logits = self._step(live)
        for row in self.rows:
            row.turn += 1
        return actions

    def _over(self, row: RowTokens, action: Sequence[int]) -> bool:
        if action[-1] in self._ends or row.stop(action):
            return True
        self._check_room(row)
        return row.full or len(action) >= self._most

    def _check_room(self, row: RowTokens) -> None:
        if not row.full and len(row.ids) >= self._positions:
            row.full = True
            self.overflowed += 1

    def _read(self, live: Sequence[int]) -> Tensor:
        """Feed all tokens of some rows that are not in the cache yet; returns the logits at their ends."""
        self._open()
        lengths = self._cache.lengths.tolist()
        new = {place: self.rows[place].ids[lengths[place] :] for place in live}
        ends: dict[int, Tensor] = {}
        for places in _alike(live, [len(new[place]) for place in live]):
            ends.update(zip(places, self._forward(self._cache, places, [new[place] for place in places]), strict=True))
        return torch.stack([ends[place] for place in live])

    def _open(self) -> None:
        """Give the cache the rows that it lacks; what their prompts begin with alike is fed once."""
        prompts = [row.ids for row in self.rows[len(self._cache.lengths) :]]
        if not prompts:
            return
        shared = _common(prompts)[: min(*map(len, prompts), self._positions) - 1]
        opened = PackedCache(1, self._device)
        self._forward(opened, [0], [shared or prompts[0][:1]])
        opened.lengths[:] = len(shared)  # with nothing in common the pass makes the buffers and no more
        opened.keep(torch.zeros(len(prompts), dtype=torch.long))
        if len(self._cache.lengths):
            self._cache.append(opened)
        else:
            self._cache = opened

    def _step(self, live: Sequence[int]) -> Tensor:
        """Feed the newest token of the rows that still generate; returns their logits. Shape (len(live), vocabulary).

        While they are many, the others are fed along with nothing: that spares a copy of the cache.
        """
        if len(live) <= len(self.rows) * _FEW:
            return self._forward(self._cache, live, [self.rows[place].ids[-1:] for place in live])
        going = set(live)
        new = [row.ids[-1:] if place in going else [] for place, row in enumerate(self.rows)]
        return self._forward(self._cache, range(len(self.rows)), new)[list(live)]

    def _forward(self, cache: PackedCache, places: Sequence[int], new: Sequence[Sequence[int]]) -> Tensor:
        """Feed new tokens of some rows of a cache; returns the logits at the last of each. Shape (n, vocabulary)."""
        counts = torch.tensor([len(ids) for ids in new])
        everybody = len(places) == len(cache.lengths)
        positions, columns = cache.place(counts, None if everybody else torch.tensor(places))
        width = positions.shape[1]
        rectangle = torch.tensor([[0] * (width - len(ids)) + list(ids) for ids in new])
        self.forwarded += int(counts.sum())
        found = self._model(
            input_ids=rectangle.to(self._device),
            attention_mask=self._masks(positions, columns),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = found.logits[:, -1]
        return logits

    def _sample(
        self, logits: Tensor, rngs: Sequence[np.random.Generator]
    ) -> tuple[list[int], list[float], list[float]]:
        """Draw a token a row by inverting its cumulative distribution; returns tokens, log-probabilities, entropies."""
        logs = torch.log_softmax(logits.float() / (self._temperature or 1.0), dim=-1)
        chances = logs.exp()
        entropy = -(chances * logs.clamp(min=torch.finfo(logs.dtype).min)).sum(-1)
        if self._temperature:
            heaped = chances.cumsum(-1, dtype=torch.float64)
            drawn = torch.tensor([rng.random() for rng in rngs], dtype=torch.float64, device=self._device)[:, None]
            tokens = torch.searchsorted(heaped, drawn * heaped[:, -1:], right=True).clamp(max=logs.shape[1] - 1)
        else:
            tokens = logs.argmax(-1, keepdim=True)
        return tokens[:, 0].tolist(), logs.gather(1, tokens)[:, 0].tolist(), entropy.tolist()


def _common(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The tokens that all prompts begin with."""
    columns = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*prompts, strict=False))
    return [column[0] for column in columns]


def _alike(places: Sequence[int], widths: Sequence[int]) -> Iterator[list[int]]:
    """Places in batches whose widths differ by less than half, so that little padding is fed."""
    ordered = sorted(zip(widths, places, strict=True))
    batch: list[int] = []
    least = 0
    for width, place in ordered:
        if batch and width > 2 * least + 16:
            yield batch
            batch = []
        least = least if batch else width
        batch.append(place)
    yield sorted(batch)
