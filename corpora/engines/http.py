"""A retrieval server as an engine: ``http:<url>``, any server of the Search-R1 family, ``berrypick serve`` among them.

The server searches, and documents are shown from the corpus here: it has to serve the same corpus. ``{corpus}``,
``{split}`` and ``{world}`` in the URL become those of the corpus that is searched, so that one engine serves every
world of an environment: ``http:http://host:8000/{corpus}/{split}/{world}/retrieve``. The URL's query goes to the
server. After ``#`` stand settings of the client: ``timeout`` (seconds for one try, 30), ``retries`` (3) and ``wait``
(seconds before the first retry, 0.1, doubled each time).
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from berrypick.corpora.engines.base import EngineFailed, Mask
from berrypick.corpora.engines.ranking import check_request
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput
from berrypick.records import Hit, Record

#: Queries in one request.
MOST_QUERIES: Final = 256
#: Documents asked for at most, where some of those that come are excluded.
MOST_HITS: Final = 1000
#: Longest response that is read, in bytes.
MOST_BYTES: Final = 2**28
_REMEMBERED: Final = 4096
#: Statuses after which another try may help.
_TRANSIENT: Final = (408, 425, 429, 500, 502, 503, 504)


class Settings(Record):
    """How patient the client is.

    Attributes:
        timeout: seconds for one try.
        retries: tries after the first.
        wait: seconds before the second try, doubled before each further one.
    """

    timeout: float = 30.0
    retries: int = 3
    wait: float = 0.1


class _Known(Record):
    """The head of a ranking: its hits, and how many were asked for."""

    hits: tuple[Hit, ...]
    limit: int

    def reaches(self, limit: int) -> bool:
        """Whether it holds the first ``limit`` hits, or all there are."""
        return self.limit >= limit or len(self.hits) < self.limit


class _Refused(Exception):
    """A try that got no list; the message says why."""


class _Final(_Refused):
    """A refusal that another try does not change."""


def open_http(corpus: Corpus, url: str) -> Http:
    """Return an engine that asks a server; nothing is sent before the first search.

    Raises:
        BadInput: the URL, or a setting after its ``#``, is malformed.
    """
    parameters = corpus.manifest.parameters
    fields = {"corpus": corpus.name, "split": parameters.get("split", ""), "world": parameters.get("world", 0)}
    filled = url
    for name, value in fields.items():
        filled = filled.replace(f"{{{name}}}", str(value))
    return Http(filled, corpus, f"http:{url}")


class Http:
    """Asks a retrieval server; see the module.

    Scores are the server's, rounded to 1e-4, and equal ones are ordered by position, so a list of ``berrypick serve``
    is that of the engine behind it. What was answered is remembered; what failed is not. A server that is down, slow or
    broken raises ``EngineFailed``, of which an environment tells its policy.

    Args:
        url: of ``/retrieve``, with settings after ``#``.
        corpus: what the server serves.
        name: of the engine.

    Raises:
        BadInput: as ``open_http``.
    """

    def __init__(self, url: str, corpus: Corpus, name: str) -> None:
        self.name = name
        self._parts = urlsplit(url)
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise BadInput(f"must be http:<url> with an http or https URL, got {name!r}", field="engines")
        self._settings = _settings(self._parts.fragment)
        query = f"?{self._parts.query}" if self._parts.query else ""
        self._target = (self._parts.path if self._parts.path not in ("", "/") else "/retrieve") + query
        self._corpus = corpus
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._local = threading.local()

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank the corpus for each query; see ``Engine.search``.

        Raises:
            EngineFailed: the server did not answer some queries.
            BadInput: the server serves another corpus, or refuses the request's form.
        """
        documents = len(self._corpus.documents)
        check_request(k, exclude, documents)
        found: dict[str, list[Hit] | None] = {}
        reason, wanted, limit = "", list(dict.fromkeys(queries)), min(k, documents)
        while wanted:
            reason = self._learn([query for query in wanted if not self._knows(query, limit)], limit) or reason
            while len(self._known) > max(_REMEMBERED, len(wanted)):
                self._known.popitem(last=False)
            again = []
            for query in wanted:
                known = self._known.get(query)
                if known is None or not known.reaches(limit):
                    found[query] = None
                    continue
                hits = _without(known.hits, exclude)
                found[query] = hits[:k]
                if len(hits) < k and len(known.hits) >= limit:
                    again.append(query)
            wanted = again if limit < min(MOST_HITS, documents) else []
            limit = min(4 * limit, MOST_HITS, documents)
        lists = [found[query] for query in queries]
        if any(hits is None for hits in lists):
            raise EngineFailed(reason, lists)
        return [[*hits] for hits in lists if hits is not None]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_local"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._local = threading.local()

    def _knows(self, query: str, limit: int) -> bool:
        known = self._known.get(query)
        if known is None:
            return False
        self._known.move_to_end(query)
        return known.reaches(limit)

    def _learn(self, queries: Sequence[str], limit: int) -> str:
        """Ask the server and remember what it says; returns why queries failed, "" where none did."""
        reason = ""
        for start in range(0, len(queries), MOST_QUERIES):
            part = queries[start : start + MOST_QUERIES]
            try:
                lists = self._ask(part, limit)
            except _Refused as refused:
                reason = f"{self._where}: {refused}"
                continue
            for query, hits in zip(part, lists, strict=True):
                if hits is None:
                    reason = f"{self._where}: the server says that searches failed"
                else:
                    self._known[query] = _Known(hits, limit)
        return reason

    @property
    def _where(self) -> str:
        return f"{self._parts.scheme}://{self._parts.netloc}{self._target}"

    def _ask(self, queries: Sequence[str], limit: int) -> list[tuple[Hit, ...] | None]:
        body = msgspec.json.encode(
            {"queries": [_sendable(query) for query in queries], "topk": limit, "return_scores": True}
        )
        for number in range(self._settings.retries + 1):
            if number:
                time.sleep(self._settings.wait * 2 ** (number - 1))
            try:
                return self._lists(self._post(body), len(queries))
            except _Final:
                raise
            except _Refused as refused:
                last = refused
        raise _Refused(f"{last} (tried {self._settings.retries + 1} times)")

    def _post(self, body: bytes) -> bytes:
        try:
            try:
                response, said = self._exchange(body)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not self._close():
                    raise
                response, said = self._exchange(body)  # the server had closed a connection that was kept
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise _Refused(f"{type(error).__name__}: {error}") from error
        if response.will_close or len(said) > MOST_BYTES:
            self._close()
        if len(said) > MOST_BYTES:
            raise _Refused(f"the response has more than {MOST_BYTES} bytes")
        if response.status == 200:
            return said
        shown = f"status {response.status}: {said[:300].decode(errors='replace')}"
        if response.status in _TRANSIENT:
            raise _Refused(shown)
        if response.status == 403:  # an engine that is knocked out there
            raise _Final(shown)
        raise BadInput(f"{self._where} refuses the request with {shown}", field="engines")

    def _lists(self, said: bytes, count: int) -> list[tuple[Hit, ...] | None]:
        try:
            response = msgspec.json.decode(said, type=_Response)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _Refused(f"the response is not of Search-R1's form: {error}") from error
        if len(response.result) != count:
            raise _Refused(f"expected {count} lists, got {len(response.result)}")
        failed = set(response.failed)
        return [None if number in failed else self._hits(hits) for number, hits in enumerate(response.result)]

    def _hits(self, shown: Sequence[_Shown]) -> tuple[Hit, ...]:
        scores: dict[int, float] = {}
        for each in shown:
            position = self._corpus.position.get(str(each.document.id))
            if position is None:
                reason = f"{self._where} lists document {each.document.id!r}, which {self._corpus.name} does not hold"
                raise BadInput(f"{reason}; serve the corpus that the environment searches", field="engines")
            if each.score:
                scores.setdefault(position, round(each.score, 4))
        hits = [Hit(position, score) for position, score in scores.items()]
        return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.index)))

    def _exchange(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection()
        connection.request("POST", self._target, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = response.read(MOST_BYTES + 1)
        self._local.is_used = True
        return response, said

    def _connection(self) -> http.client.HTTPConnection:
        """The connection of this thread of this process, kept open between requests."""
        owner, made = getattr(self._local, "kept", (0, None))
        if made is not None and owner == os.getpid():
            assert isinstance(made, http.client.HTTPConnection)
            return made
        host, port, timeout = self._parts.hostname or "", self._parts.port, self._settings.timeout
        fresh = (
            http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
            if self._parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=timeout)
        )
        fresh.connect()
        # Header and body leave in two packets, of which the second waits for no acknowledgement.
        fresh.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._local.kept = os.getpid(), fresh
        self._local.is_used = False
        return fresh

    def _close(self) -> bool:
        """Drop this thread's connection; returns whether it had served a request before."""
        owner, made = getattr(self._local, "kept", (0, None))
        was_used = bool(getattr(self._local, "is_used", False))
        if made is not None and owner == os.getpid():
            made.close()
        self._local.kept, self._local.is_used = (0, None), False
        return was_used


class _ShownDocument(msgspec.Struct):
    id: str | int


class _Shown(msgspec.Struct):
    document: _ShownDocument
    score: float


class _Response(msgspec.Struct):
    result: list[list[_Shown]]
    failed: list[int] = msgspec.field(default_factory=list)


def _settings(fragment: str) -> Settings:
    pairs = dict(parse_qsl(fragment, keep_blank_values=True))
    try:
        settings = msgspec.convert(pairs, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason = f"after '#' of an http: engine stand timeout, retries and wait, got {fragment!r}: {error}"
        raise BadInput(reason, field="engines") from error
    if settings.timeout <= 0 or not 0 <= settings.retries <= 100 or settings.wait < 0:
        raise BadInput(
            f"timeout must be above 0, retries from 0 to 100, wait at least 0; got {fragment!r}", field="engines"
        )
    return settings


def _sendable(query: str) -> str:
    """A query without lone surrogates, which JSON cannot hold and no document contains."""
    return query.encode("utf-8", "replace").decode()


def _without(hits: Sequence[Hit], exclude: Mask | None) -> list[Hit]:
    return [hit for hit in hits if exclude is None or not exclude[hit.index]]
