"""What a model behind a chat-completions endpoint writes to a prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from berrypick.agents.chat import replies as chat_replies
from berrypick.agents.chat.agent import Chat


class Endpoint:
    """A model behind an endpoint, asked as ``Chat`` asks: side by side, with retries, every reply kept.

    Args:
        argument: the name without ``chat:``.

    Raises:
        BadInput: the argument or an environment variable is malformed.
        ImportError: the extra ``chat`` is not installed.
    """

    def __init__(self, argument: str) -> None:
        self._chat = Chat(argument)

    def __call__(self, prompts: Sequence[str], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return what the model says to each prompt.

        Raises:
            ChatError: one got no usable reply; the message says which endpoint and what happened.
            AgentDown: none will get one.
        """
        said = [[{"role": "user", "content": prompt}] for prompt in prompts]
        replies = self._chat.ask(said, [False] * len(said), rngs)
        return [chat_replies.action(reply, native=False) for reply in replies]
