"""What a transformers model writes to a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from berrypick.agents.critics.judge import CritiqueError
from berrypick.agents.lm.generation import Session
from berrypick.agents.lm.load import load
from berrypick.agents.lm.render import Script

#: Tokens that a critique may have: a sentence for each of ten turns, and some thought.
MOST_TOKENS: Final = 1024


class Local:
    """A transformers causal language model, with its chat template if it has one.

    It samples at the temperature of its card, each text by the generator that belongs to it.

    Args:
        name: what ``lm.load.load`` takes.
        most: tokens that a text may have.

    Raises:
        BadInput: there is no such model, or it cannot be played.
    """

    def __init__(self, name: str, most: int = MOST_TOKENS) -> None:
        self._name, self._most, self._policy = name, most, load(name)
        self._script = Script(self._policy.tokenizer, self._policy.ends)

    def __call__(self, prompts: Sequence[str], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return what the model writes to each prompt; raises CritiqueError where one is longer than it can read."""
        model, _, card, ends, positions = self._policy
        opened = [self._script.opening(prompt) for prompt in prompts]
        longest = max(map(len, opened), default=0)
        if positions is not None and longest >= positions:
            reason = f"a prompt has {longest} tokens, {self._name} reads {positions}"
            raise CritiqueError(f"{reason}; take a model that reads more, or play fewer turns or documents")
        session = Session(model, temperature=card.temperature, most=self._most, positions=positions, ends=ends)
        session.start(opened, [lambda action: False] * len(opened))
        return [self._script.text(action) for action in session.act(rngs)]
