from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from berrypick.corpora.store import Corpus


class Server(NamedTuple):
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, sent, {"Content-Type": kind})
        response = connection.getresponse()
        said = response.status, response.read()
        connection.close()
        return said

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        status, said = self.ask("POST", path, body)
        return status, json.loads(said)


@contextmanager
def serving(*names: str, **settings: Any) -> Iterator[Server]:
    """Serve corpora in a thread of this process."""
    import uvicorn

    from berrypick.integrations.retrieval.app import application, listen
    from berrypick.integrations.retrieval.catalogue import Catalogue, parse_place
    from berrypick.integrations.retrieval.service import Service

    catalogue = Catalogue([parse_place(name) for name in names], ("bm25", "dense"), settings.pop("worlds", 4))
    app = application(Service(catalogue, **settings))
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    limit = time.monotonic() + 120
    while not server.started and thread.is_alive() and time.monotonic() < limit:
        time.sleep(0.01)
    try:
        assert server.started
        yield Server(bound.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        bound.close()


@pytest.fixture(scope="session")
def start() -> Callable[..., Any]:
    """``start(*corpora, **settings)``: a context in which a server runs."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    return serving


@pytest.fixture(scope="session")
def server(start: Callable[..., Any], toy_corpus: Corpus) -> Iterator[Server]:
    """A server of the toy corpus and of almanac-tiny."""
    with start(str(toy_corpus.path), "almanac-tiny/train/1") as running:
        yield running
