"""A language model of transformers that plays: ``lm:<folder, .gguf file, published start or hub name>``.

``lm:NAME?temperature=0.5`` samples at another temperature than the policy's card says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from berrypick.agents.base import AgentDown, EpisodeView
from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import load, weights
from berrypick.agents.lm.render import Script
from berrypick.envs.observations import read_prompt
from berrypick.errors import BadInput


def split_options(argument: str) -> tuple[str, dict[str, float]]:
    """Split ``NAME?temperature=0.5`` into the name and what the policy's card is to say instead.

    Raises:
        BadInput: another option than ``temperature``, or its value is no number.
    """
    place, _, text = argument.partition("?")
    card: dict[str, float] = {}
    for option in filter(None, text.split("&")):
        name, _, value = option.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name != "temperature" or math.isnan(number):
            raise BadInput(f"expected ?temperature=NUMBER behind the model, found ?{text}", field="lm:")
        card[name] = number
    return place, card


@dataclass
class _Known:
    """A row of the session: what it has seen and written, and the tokens of its last action."""

    id: int
    history: tuple[str, ...]
    action: Sequence[int]


class LM:
    """Any transformers causal language model, in either protocol, on the GPU if there is one.

    A folder may hold ``berrypick.json``: ``corpora`` (prefixes of the corpora that it reads), ``protocols``,
    ``temperature`` (1), ``max_new_tokens`` an action (256). A row's keys and values are kept from call to call; a row
    that is missing in a call is retired, and read anew from its text if it comes back.

    Args:
        argument: the name without ``lm:``.

    Raises:
        BadInput: there is no such model, it cannot be played, or an option does not fit.
        MissingExtra: the extra ``train`` is not installed.
    """

    def __init__(self, argument: str) -> None:
        self.name = f"lm:{argument}"
        place, card = split_options(argument)
        policy = load(place)
        self._policy, self._weights = policy._replace(card=replace(policy.card, **card)), weights(place)
        self._script = Script(self._policy.tokenizer, self._policy.ends)
        self._session = Session.of(self._policy)
        self._known: list[_Known] = []

    def reads(self, corpus: str) -> bool:
        """The corpora that the policy's card names, any without one."""
        named = self._policy.card.corpora
        return named is None or corpus.startswith(named)

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row; an empty one where an episode has more tokens than the model can read.

        Raises:
            AgentDown: an episode is in a protocol that the policy does not write.
        """
        self._continue({row.id: row for row in rows})
        known = {row.id for row in self._known}
        self._begin([row for row in rows if row.id not in known])
        generators = {row.id: rng for row, rng in zip(rows, rngs, strict=True)}
        actions = self._session.act([generators[row.id] for row in self._known])
        texts = {}
        for row, action in zip(self._known, actions, strict=True):
            texts[row.id] = self._script.text(action)
            row.history, row.action = (*row.history, texts[row.id]), action
        return [texts[row.id] for row in rows]

    def weights(self) -> str:
        """Hash of the weights, "" for a model of the hub."""
        return self._weights

    def cost(self) -> dict[str, float]:
        """Tokens so far: generated, put through the model (those among them), and episodes that found no room."""
        return {
            "tokens_generated": float(self._session.generated),
            "tokens_forwarded": float(self._session.forwarded),
            "episodes_without_room": float(self._session.overflowed),
        }

    def _continue(self, rows: dict[int, EpisodeView]) -> None:
        """Let the rows go on that say what they said before, and one observation more; retire the others."""
        going = [
            place
            for place, known in enumerate(self._known)
            if known.id in rows and rows[known.id].history[:-1] == known.history
        ]
        self._session.keep(going)
        self._known = [self._known[place] for place in going]
        for known, tokens in zip(self._known, self._session.rows, strict=True):
            known.history = rows[known.id].history
            tokens.read(self._script.reply(known.history[-1], known.action))

    def _begin(self, rows: Sequence[EpisodeView]) -> None:
        protocols = [read_prompt(row.history[0])[0].protocol for row in rows]
        written = self._policy.card.protocols
        if strange := [protocol for protocol in protocols if written is not None and protocol not in written]:
            raise AgentDown(f"{self.name} writes {', '.join(written or ())}, not {strange[0]}", field="protocol")
        self._session.start(
            [self._script.episode(row.history) for row in rows], [self._script.stop(protocol) for protocol in protocols]
        )
        self._known += [_Known(row.id, row.history, ()) for row in rows]
