"""A model behind an OpenAI-compatible chat-completions endpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from berrypick.agents.base import EpisodeView
from berrypick.agents.chat import cache
from berrypick.agents.chat import replies as chat_replies
from berrypick.agents.chat.client import ChatError, Client
from berrypick.agents.chat.endpoint import key_for, limits, parse
from berrypick.agents.chat.messages import Message, messages
from berrypick.agents.chat.replies import Reply, Usage
from berrypick.envs.observations import read_prompt
from berrypick.envs.protocols.tools import SCHEMAS
from berrypick.errors import missing_extra

#: Part of every key: raised when what is kept, or how it is asked for, changes its meaning.
VERSION: Final = 1
#: What answered requests add up to.
SPENT: Final = (
    "requests", "requests_from_store", "requests_without_usage", "tokens_of_prompts", "tokens_of_completions", "seconds"
)  # fmt: skip


class _Request(NamedTuple):
    key: str
    body: bytes
    jitter: float


class Chat:
    """A model behind an OpenAI-compatible endpoint: ``chat:<base_url>:<model>``, then ``?setting=value&...`` if wanted.

    Examples: ``chat:http://127.0.0.1:8000/v1:llama3:8b``,
    ``'chat:https://api.openai.com/v1:gpt-5?max_completion_tokens=4096&reasoning_effort=low'``.

    Settings, which decide what is answered and so are part of the name:
        temperature (1), top_p, max_tokens (1024), max_completion_tokens (sent in place of max_tokens),
        reasoning_effort; ``seed=none`` sends no seed, for servers that refuse one. Otherwise each request has a seed
        drawn from its rollout's generator.

    Environment variables, which do not:
        BERRYPICK_CHAT_KEY: the API key. Without it OPENAI_API_KEY is used, for api.openai.com alone.
        BERRYPICK_CHAT_CONCURRENCY: requests at a time (16), in each of the processes that ``bench --jobs`` starts.
        BERRYPICK_CHAT_TIMEOUT: seconds for one request (120).
        BERRYPICK_CHAT_RETRIES: of a request that failed in a way that may pass (5), with waits that double from 1 s.
        BERRYPICK_CHAT_STORE: folder of the replies, $BERRYPICK_HOME/chat by default; ``off`` keeps none.

    Every reply is kept at once, in a file for each endpoint and model. The same request is answered from there, so a
    run that was interrupted, or whose folder was deleted because rollouts failed, pays for nothing twice. Delete the
    file, or choose another folder, when another model is served under the same name.

    In protocol ``tags`` the model writes text. In ``tools`` it is offered the tools natively, and may as well write a
    call as text. A reply that says nothing and calls nothing is an invalid action; one that is malformed is a failure.

    Args:
        argument: the name without ``chat:``.

    Raises:
        BadInput: the argument or an environment variable is malformed.
        MissingExtra: the extra ``chat`` is not installed.
    """

    def __init__(self, argument: str) -> None:
        self.name = f"chat:{argument}"
        self.endpoint = parse(argument)
        try:
            import httpx2  # noqa: F401
        except ImportError as error:
            raise missing_extra(error, "an agent chat:") from error
        self._client = Client(self.endpoint.url, key_for(self.endpoint.url), limits())
        self._place = cache.place(self.endpoint.url, self.endpoint.model)
        self._store: cache.Store | None = None
        self._settled: dict[str, Reply | Exception] = {}
        self._spent = dict.fromkeys(SPENT, 0.0)

    def reads(self, corpus: str) -> bool:
        """Any corpus."""
        return True

    def act(self, rows: Sequence[EpisodeView], rngs: Sequence[np.random.Generator]) -> list[str]:
        """Return one action per row.

        Raises:
            ChatError: a row got no reply; the message says which endpoint, what happened and what the server said.
            AgentDown: no row will get one.
        """
        natives = [read_prompt(row.history[0])[0].protocol == "tools" for row in rows]
        said = [messages(row.history, native) for row, native in zip(rows, natives, strict=True)]
        replies = self.ask(said, natives, rngs)
        return [chat_replies.action(reply, native) for reply, native in zip(replies, natives, strict=True)]

    def ask(
        self, conversations: Sequence[list[Message]], natives: Sequence[bool], rngs: Sequence[np.random.Generator]
    ) -> list[Reply]:
        """Return one reply per conversation.

        Args:
            conversations: messages so far.
            natives: for each, whether the tools of the environment are offered.
            rngs: one generator per conversation, from which its seed is drawn.

        Raises:
            ChatError: as ``act``.
            AgentDown: as ``act``.
        """
        asked = [self._request(*each) for each in zip(conversations, natives, rngs, strict=True)]
        # The rollout repeats a batch that failed row by row; what came of a row's request is known then.
        outcomes = self._outcomes(asked, [self._settled.pop(request.key, None) for request in asked])
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if errors:
            if len(asked) > 1:
                self._settled = {request.key: outcome for request, outcome in zip(asked, outcomes, strict=True)}
            raise errors[0]
        return [outcome for outcome in outcomes if isinstance(outcome, Reply)]

    def cost(self) -> dict[str, float]:
        """What the actions so far took.

        Returns:
            ``requests`` that were answered, of them ``requests_from_store``, which were paid for earlier, and
            ``requests_without_usage``, whose tokens the server does not tell; of all of them ``tokens_of_prompts`` and
            ``tokens_of_completions`` as the server counts, and ``seconds``, each from sending the request to the whole
            reply, summed. Beside them ``requests_failed``, given up or refused, and ``retries``.
        """
        return self._spent | {
            "requests_failed": float(self._client.failed),
            "retries": float(self._client.retries),
        }

    def _request(self, conversation: list[Message], native: bool, rng: np.random.Generator) -> _Request:
        seed = int(rng.integers(2**31))
        fields: dict[str, Any] = {"model": self.endpoint.model, "messages": conversation}
        fields |= self.endpoint.settings
        fields |= {"tools": SCHEMAS} if native else {}
        fields |= {"seed": seed} if self.endpoint.seeded else {}
        body = json.dumps(fields).encode()
        key = hashlib.sha256(f"{VERSION}\n{self.endpoint.url}\n{seed}\n".encode() + body).hexdigest()
        return _Request(key, body, seed / 2**31)

    def _outcomes(self, asked: list[_Request], known: list[Reply | Exception | None]) -> list[Reply | Exception]:
        """What comes of each request: known already, kept in the store, or asked for now."""
        if self._store is None:
            self._store = cache.Store(self._place)
        for place, request in enumerate(asked):
            if known[place] is None and (reply := self._store.get(request.key)) is not None:
                known[place] = reply
                self._count(reply, from_store=True)
        if None in known:
            from anyio.from_thread import start_blocking_portal

            # An event loop in a thread of its own: it works where one runs already, and an interrupt ends it at once.
            with start_blocking_portal() as portal:
                portal.call(self._ask, self._store, asked, known)
        return [outcome for outcome in known if outcome is not None]

    async def _ask(self, store: cache.Store, asked: list[_Request], known: list[Reply | Exception | None]) -> None:
        """Send the requests of which nothing is known, so many at a time, and fill in what comes of them."""
        import anyio

        free = anyio.Semaphore(self._client.limits.concurrency)

        async def fill(place: int, request: _Request) -> None:
            async with free:
                try:
                    reply = await self._client.ask(pool, request.body, request.jitter)
                except ChatError as error:
                    known[place] = error
                else:
                    store.put(request.key, reply)
                    self._count(reply)
                    known[place] = reply

        try:
            async with self._client.open() as pool, anyio.create_task_group() as group:
                for place, request in enumerate(asked):
                    if known[place] is None:
                        group.start_soon(fill, place, request)
        except BaseExceptionGroup as failed:  # AgentDown: the first says it all
            raise failed.exceptions[0] from None

    def _count(self, reply: Reply, *, from_store: bool = False) -> None:
        usage = reply.usage or Usage()
        tokens = usage.prompt_tokens, usage.completion_tokens
        self._spent["requests"] += 1
        self._spent["requests_from_store"] += from_store
        self._spent["tokens_of_prompts"] += tokens[0] or 0
        self._spent["tokens_of_completions"] += tokens[1] or 0
        self._spent["requests_without_usage"] += None in tokens
        self._spent["seconds"] += reply.seconds
