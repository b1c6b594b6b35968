"""An episode's history as chat messages.

No system message, strict alternation, no empty message: chat templates and servers differ in what else they accept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from berrypick.agents.chat.replies import called

Message = dict[str, Any]

#: Stands for a turn in which the model said nothing; several servers refuse an empty message.
SILENCE: Final = "(nothing)"


def messages(history: Sequence[str], native: bool) -> list[Message]:
    """Render a history: the reset observation and later ones as user, actions as assistant.

    Args:
        history: reset observation, then action and observation by turns.
        native: whether native tool calls are written as such, and what they brought as ``tool`` messages.
    """
    shown = [_said("user", history[0])]
    for turn, (text, observation) in enumerate(zip(history[1::2], history[2::2], strict=True)):
        call = called(text) if native else None
        if call is None:
            shown += [_said("assistant", text), _said("user", observation)]
        else:
            shown += _exchange(turn, *call, observation)
    return shown


def _said(role: str, text: str) -> Message:
    return {"role": role, "content": text if text.strip() else SILENCE}


def _exchange(turn: int, content: str, name: str, arguments: dict[str, Any], observation: str) -> list[Message]:
    """A native call and what it brought."""
    # Nine letters and digits: Mistral's templates refuse any other id.
    id = f"call{turn:05d}"
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    call = {"id": id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": content, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": observation},
    ]
