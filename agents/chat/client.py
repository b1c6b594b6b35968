"""One request to a chat-completions endpoint: sent, checked, and sent again where that may help.

Three ends: a reply; a ``ChatError``, which is that row's failure alone; ``AgentDown``, where no other request would
fare better. Messages never hold the key.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from berrypick.agents.base import AgentDown
from berrypick.agents.chat import body as bodies
from berrypick.agents.chat import replies
from berrypick.agents.chat.body import Answer
from berrypick.agents.chat.replies import Reply
from berrypick.errors import Stopped

if TYPE_CHECKING:
    import httpx2

#: Statuses that may be better next time, beside all from 500 on.
PASSING: Final = frozenset({408, 409, 425, 429})
#: Statuses that the next request meets too: not let in, nothing paid.
SHUT: Final = frozenset({401, 402})
#: Statuses that it meets too where nothing was ever answered: no such place, no such model.
MISSING: Final = frozenset({403, 404, 405})
#: Seconds before the first retry; each wait is twice the one before.
FIRST_WAIT: Final = 1.0
#: Longest wait in seconds, whoever asks for it.
LONGEST_WAIT: Final = 60.0
#: Seconds to wait for a connection.
CONNECT: Final = 10.0
#: Retries where nothing listens and nothing was ever answered.
KNOCKS: Final = 2
#: Requests given up in a row, without an answer between them, after which the endpoint counts as gone.
MOST_IN_A_ROW: Final = 8
#: Characters of a server's message that are shown.
EXCERPT: Final = 300


class Limits(NamedTuple):
    """How hard to try.

    Attributes:
        concurrency: requests at a time.
        timeout: seconds for one request, from sending it to the whole reply.
        retries: after the first try.
    """

    concurrency: int = 16
    timeout: float = 120.0
    retries: int = 5


class ChatError(Stopped):
    """A request that got no usable reply; the message names the endpoint, what happened and what the server said."""


class _Trouble(Exception):
    """A try that failed in a way that may pass."""

    def __init__(self, reason: str, *, wait: float | None = None, absent: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.absent = wait, absent


class Client:
    """Asks one endpoint, and knows how it has fared.

    Args:
        url: base URL, without the final slash.
        key: sent as a bearer token; "" for none.
        limits: how hard to try.

    Attributes:
        retries: made so far.
        failed: requests given up so far.
    """

    def __init__(self, url: str, key: str, limits: Limits) -> None:
        self.url = f"{url}/chat/completions"
        self.limits = limits
        self.retries = self.failed = 0
        self._key = key
        self._answered, self._in_a_row = False, 0

    def open(self) -> httpx2.AsyncClient:
        """Make a pool of connections."""
        import httpx2

        headers = {"Content-Type": "application/json", "Accept-Encoding": bodies.ACCEPTED} | (
            {"Authorization": f"Bearer {self._key}"} if self._key else {}
        )
        most = httpx2.Limits(max_connections=self.limits.concurrency)
        return httpx2.AsyncClient(headers=headers, limits=most, timeout=httpx2.Timeout(None, connect=CONNECT))

    async def ask(self, pool: httpx2.AsyncClient, body: bytes, jitter: float) -> Reply:
        """Send a request until it is answered.

        Args:
            pool: see ``open``.
            body: JSON.
            jitter: 0 to 1; spreads the retries of requests that failed together.

        Raises:
            ChatError: refused, given up after the last retry, or answered with more than a reply may be.
            AgentDown: the endpoint cannot be reached, lets nobody in, or has answered nothing for long.
        """
        import anyio

        attempt = 0
        while True:
            try:
                reply = self._read(*await self._send(pool, body))
            except _Trouble as trouble:
                if attempt >= (KNOCKS if trouble.absent and not self._answered else self.limits.retries):
                    raise self._given_up(trouble, attempt) from None
                self.retries += 1
                wait = FIRST_WAIT * 2**attempt * (1 + jitter) / 2 if trouble.wait is None else trouble.wait
                await anyio.sleep(min(wait, LONGEST_WAIT))
                attempt += 1
            else:
                self._answered, self._in_a_row = True, 0
                return reply

    async def _send(self, pool: httpx2.AsyncClient, body: bytes) -> tuple[Answer, float]:
        import anyio
        import httpx2

        clock = time.perf_counter()
        try:
            with anyio.fail_after(self.limits.timeout):
                async with pool.stream("POST", self.url, content=body) as response:
                    encoding = response.headers.get("Content-Encoding", "").lower()
                    data = await bodies.read(response.aiter_raw(), encoding)
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    answer = Answer(response.status_code, response.reason_phrase, headers, data)
                return answer, time.perf_counter() - clock
        except bodies.BadBody as error:
            raise self._failed(f"a body that cannot be read: {error}", counts=True) from None
        except TimeoutError:
            raise _Trouble(f"no reply within {self.limits.timeout:g} s") from None
        except httpx2.RequestError as error:
            absent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise _Trouble(self._show(f"{type(error).__name__}: {error}"), absent=absent) from None

    def _read(self, answer: Answer, seconds: float) -> Reply:
        status = answer.status
        if 200 <= status < 300:
            try:
                reply = msgspec.structs.replace(replies.decode(answer.body), seconds=seconds)
                return replies.masked(reply, self._key)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise _Trouble(f"malformed reply ({error}): {self._show(answer.text) or 'nothing'}") from None
        reason = self._show(f"{status} {answer.reason}: {_message(answer) or 'no message'}")
        if status in PASSING or status >= 500:
            raise _Trouble(reason, wait=_retry_after(answer.headers.get("retry-after")))
        raise self._refused(status, reason)

    def _refused(self, status: int, reason: str) -> ChatError | AgentDown:
        """What a status means that no retry betters."""
        if status in SHUT or (status in MISSING and not self._answered):
            hint = "" if self._key else "; no key was sent, BERRYPICK_CHAT_KEY holds one"
            return AgentDown(reason + hint * (status == 401), file=self.url)
        # A refused request (a prompt too long) says nothing of the next one, unless none was ever answered.
        return self._failed(reason, counts=not self._answered)

    def _given_up(self, trouble: _Trouble, retries: int) -> ChatError | AgentDown:
        if trouble.absent and not self._answered:
            return AgentDown(f"cannot be reached ({trouble}); is the server running?", file=self.url)
        return self._failed(f"{trouble}, after {retries} retries", counts=True)

    def _failed(self, reason: str, *, counts: bool) -> ChatError | AgentDown:
        self.failed += 1
        self._in_a_row += counts
        if self._in_a_row < MOST_IN_A_ROW:
            return ChatError(f"{self.url}: {reason}")
        kept = "; what it answered is kept, and the same command goes on" if self._answered else ""
        return AgentDown(f"{self._in_a_row} requests in a row failed, the last with {reason}{kept}", file=self.url)

    def _show(self, text: str) -> str:
        """A piece of foreign text on one line, without the key: servers are known to repeat it."""
        line = " ".join((text.replace(self._key, "***") if self._key else text).split())
        return line if len(line) <= EXCERPT else line[:EXCERPT] + "..."


def _message(answer: Answer) -> str:
    """What the server says went wrong: the error's message where it is in one of the usual places, else the body."""
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answer.text
    match said:
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)}:
            return message
        case {"detail": str(message)}:
            return message
    return answer.text


def _retry_after(value: str | None) -> float | None:
    """Seconds that a server asks to wait, given as seconds or as a date; None where it asks nothing readable."""
    try:
        return max(0.0, float(value or ""))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
