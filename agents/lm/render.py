"""How an episode becomes tokens, and when an action is complete. Only what is new is encoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from berrypick.agents.chat.messages import SILENCE
from berrypick.agents.lm.tokens import Stop
from berrypick.envs.actions import Invalid
from berrypick.envs.protocols import PROTOCOLS

_CLOSING: Final = ("</search>", "</open>", "</access>", "</answer>")
_CLOSED: Final = re.compile(r"</(search|open|access|answer)\s*>", re.IGNORECASE | re.ASCII)
_THINK: Final = re.compile(r"<(/?)think\b", re.IGNORECASE | re.ASCII)
#: Tokens that a closing tag is looked for in; tokenizers write one with at most a token a character.
_TAIL: Final = 12
#: Stand for an action, and for a text, where a chat template is asked what it writes around one.
_SAID: Final = "berrypick-action"
_TOLD: Final = "berrypick-observation"


class Script:
    """Writes the tokens of episodes for one tokenizer.

    Without a chat template an episode is the prompt, then action and observation by turns, each on lines of its own.
    With one, prompt and observations are what the user says and actions what the assistant says. A page that spells a
    control token of the tokenizer is encoded as the letters that it is: no page can end a turn or begin one.

    Args:
        tokenizer: a transformers tokenizer.
        ends: tokens that end an action and are no part of its text.
    """

    def __init__(self, tokenizer: Any, ends: frozenset[int]) -> None:
        self._tokenizer, self._ends = tokenizer, ends
        self._chats = bool(getattr(tokenizer, "chat_template", None))
        self._closing = frozenset(ids[0] for ids in map(self.encode, _CLOSING) if len(ids) == 1) - {
            tokenizer.unk_token_id
        }
        added = tokenizer.added_tokens_decoder.values()
        self._control = tuple({*tokenizer.all_special_tokens, *(str(token) for token in added if token.special)} - {""})
        self._piece = lru_cache(maxsize=65536)(lambda token: self._decode([token]))

    def opening(self, prompt: str) -> list[int]:
        """Tokens up to the first action."""
        if self._chats:
            return self._around([{"role": "user", "content": prompt}], "")
        ids = list(self._tokenizer(prompt + "\n", **self._as_letters(prompt)).input_ids)
        return ids[:-1] if ids[-1:] == [self._tokenizer.eos_token_id] else ids

    def reply(self, observation: str, action: Sequence[int]) -> list[int]:
        """Tokens from the end of an action, whose tokens are given, up to the next."""
        if not self._chats:
            return self._letters(f"\n{observation}\n")
        said = [
            {"role": "user", "content": SILENCE},
            {"role": "assistant", "content": _SAID},
            {"role": "user", "content": observation if observation.strip() else SILENCE},
        ]
        ids = self._around(said, _SAID)
        # A model that ended its turn itself has written the first token of what the template puts there.
        return ids[1:] if action and action[-1] in self._ends and ids[:1] == list(action[-1:]) else ids

    def episode(self, history: Sequence[str]) -> list[int]:
        """Tokens of a whole history: reset observation, then action and observation by turns."""
        ids = self.opening(history[0])
        for action, observation in zip(history[1::2], history[2::2], strict=True):
            ids += self.encode(action) + self.reply(observation, ())
        return ids

    def _around(self, messages: list[dict[str, str]], after: str) -> list[int]:
        """Tokens of what a chat template makes of messages, the last one foreign, from behind the last ``after``."""
        text = messages[-1]["content"]
        if not self._spells_control(text):
            whole = self._chat(messages)
            return self.encode(whole.rpartition(after)[2] if after else whole)
        whole = self._chat([*messages[:-1], {**messages[-1], "content": _TOLD}])
        head, _, tail = (whole.rpartition(after)[2] if after else whole).rpartition(_TOLD)
        return self.encode(head) + self._letters(text) + self.encode(tail)

    def _spells_control(self, text: str) -> bool:
        return any(token in text for token in self._control)

    def _as_letters(self, text: str) -> dict[str, bool]:
        """How the tokenizer is told to take no token of its own from a text; nothing for a text that spells none."""
        return {"split_special_tokens": True} if self._spells_control(text) else {}

    def _letters(self, text: str) -> list[int]:
        """Tokens of a foreign text."""
        return list(self._tokenizer(text, add_special_tokens=False, **self._as_letters(text)).input_ids)

    def encode(self, text: str) -> list[int]:
        """Tokens of a piece of an episode."""
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def text(self, action: Sequence[int]) -> str:
        """What an action's tokens say, without the token that ended it."""
        return self._decode(action[:-1] if action and action[-1] in self._ends else action)

    def starts(self, action: Sequence[int]) -> list[int]:
        """Where in ``text(action)`` each token begins."""
        text, starts, cursor = self.text(action), [], 0
        for count, token in enumerate(action):
            piece = self._piece(token).strip()
            found = text.find(piece, cursor)
            if found < 0 or text[cursor:found].strip():  # half a character, the tail of a word, the end token
                found = min(len(self.text(action[:count])), len(text))
                cursor = found
            else:
                cursor = found + len(piece)
            starts.append(found)
        return starts

    def stop(self, protocol: str) -> Stop:
        """Return what says whether an action is complete."""
        return self._closed if protocol == "tags" else partial(self._parsed, PROTOCOLS[protocol].parse)

    def _closed(self, action: Sequence[int]) -> bool:
        """Whether the last token ends a closing tag that is not thought."""
        if action[-1] not in self._closing:
            if ">" not in self._piece(action[-1]) or not _CLOSED.search(self._decode(action[-_TAIL:])):
                return False
        thoughts = _THINK.findall(self._decode(action))
        return not thoughts or thoughts[-1] == "/"

    def _parsed(self, parse: Callable[[str], Any], action: Sequence[int]) -> bool:
        return "}" in self._piece(action[-1]) and not isinstance(parse(self._decode(action)), Invalid)

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    def _chat(self, messages: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
