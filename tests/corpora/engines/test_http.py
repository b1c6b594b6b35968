"""The ``http`` engine against servers of this process: lists, masks, retries, and every way a server can fail."""

from __future__ import annotations

import json
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from berrypick.corpora.engines import EngineFailed, open_engine
from berrypick.corpora.engines.base import searched
from berrypick.corpora.store import Corpus
from berrypick.errors import BadInput

QUERIES = ["Northern Halvard Foundry", "Tessa Thornwell", "zzz", "", "Thornwell works"]
#: Answers one request: its fields and number, from 0 -> status and response.
Answer = Callable[[dict[str, Any], int], tuple[int, Any]]


class Stub:
    """A server whose answers a test decides."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.requests.append(fields)
                stub.paths.append(self.path)
                status, said = answer(fields, len(stub.requests) - 1)
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def stub() -> Iterator[Callable[[Answer], Stub]]:
    made: list[Stub] = []

    def make(answer: Answer) -> Stub:
        made.append(Stub(answer))
        return made[-1]

    yield make
    for each in made:
        each.server.shutdown()
        each.server.server_close()


def honest(corpus: Corpus) -> Answer:
    engine = open_engine("bm25", corpus)

    def answer(fields: dict[str, Any], number: int) -> tuple[int, Any]:
        lists = engine.search(fields["queries"], fields["topk"])
        documents = corpus.documents
        return 200, {
            "result": [[{"document": {"id": documents[h.index].id}, "score": h.score} for h in x] for x in lists]
        }

    return answer


def test_its_lists_are_those_of_the_engine_behind_the_server(stub: Any, toy_corpus: Corpus):
    server, local = stub(honest(toy_corpus)), open_engine("bm25", toy_corpus)
    remote = open_engine(f"http:{server.url}", toy_corpus)
    for k in (1, 3, 10, 10**6):
        assert remote.search(QUERIES, k) == local.search(QUERIES, k)
    assert server.paths[0] == "/retrieve"


def test_masks_hide_and_move_nothing_else(stub: Any, toy_corpus: Corpus):
    remote, local = open_engine(f"http:{stub(honest(toy_corpus)).url}", toy_corpus), open_engine("bm25", toy_corpus)
    for hidden in ([0], [1, 2, 3], range(9), range(10)):
        mask = np.zeros(len(toy_corpus.documents), dtype=bool)
        mask[list(hidden)] = True
        assert remote.search(QUERIES, 2, mask) == local.search(QUERIES, 2, mask)


def test_a_batch_is_one_request_and_an_answer_is_remembered(stub: Any, toy_corpus: Corpus):
    server = stub(honest(toy_corpus))
    remote = open_engine(f"http:{server.url}/a/b?x=1", toy_corpus)
    first = remote.search([*QUERIES, *QUERIES], 3)
    assert len(server.requests) == 1 and server.requests[0]["queries"] == QUERIES
    assert server.paths == ["/a/b?x=1"]
    assert remote.search(QUERIES, 2) == [hits[:2] for hits in first[: len(QUERIES)]]
    assert len(server.requests) == 1
    remote.search(QUERIES[:1], 4)
    assert len(server.requests) == 2


def test_the_path_is_filled_in_from_the_corpus(stub: Any, toy_corpus: Corpus):
    server = stub(honest(toy_corpus))
    open_engine(f"http:{server.url}/{{corpus}}/{{world}}/retrieve", toy_corpus).search(["Tessa"], 1)
    assert server.paths == ["/toy/0/retrieve"]


def test_a_passing_fault_is_tried_again(stub: Any, toy_corpus: Corpus):
    good = honest(toy_corpus)
    server = stub(lambda fields, number: (503, {"detail": "busy"}) if number < 2 else good(fields, number))
    remote = open_engine(f"http:{server.url}#wait=0.01", toy_corpus)
    assert remote.search(["Tessa"], 1) == open_engine("bm25", toy_corpus).search(["Tessa"], 1)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "said", "tries", "why"),
    [
        (500, {"detail": "boom"}, 2, "status 500"),
        (429, b"", 2, "status 429"),
        (403, {"detail": "bm25 is not available here"}, 1, "status 403"),
        (200, b"no json", 2, "not of Search-R1's form"),
        (200, {"results": []}, 2, "not of Search-R1's form"),
        (200, {"result": []}, 2, "expected 1 lists, got 0"),
        (200, {"result": [[{"document": {"title": "x"}, "score": 1}]]}, 2, "not of Search-R1's form"),
        (200, {"result": [[]], "failed": [0]}, 1, "searches failed"),
    ],
)
def test_a_broken_server_is_a_failed_engine(
    stub: Any, toy_corpus: Corpus, status: int, said: Any, tries: int, why: str
):
    server = stub(lambda fields, number: (status, said))
    remote = open_engine(f"http:{server.url}#retries=1&wait=0.01", toy_corpus)
    with pytest.raises(EngineFailed, match=why) as error:
        remote.search(["Tessa"], 1)
    assert error.value.hits == [None]
    assert server.url in str(error.value)
    assert len(server.requests) == tries


def test_a_dead_server_fails_and_a_revived_one_works(toy_corpus: Corpus, stub: Any):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    remote = open_engine(f"http:http://127.0.0.1:{port}#retries=0", toy_corpus)
    with pytest.raises(EngineFailed, match="ConnectionRefusedError"):
        remote.search(["Tessa"], 1)
    assert searched(remote, ["a", "b"], 1) == [None, None]


def test_a_slow_server_times_out(stub: Any, toy_corpus: Corpus):
    def answer(fields: dict[str, Any], number: int) -> tuple[int, Any]:
        time.sleep(6)
        return 200, {"result": [[]]}

    remote = open_engine(f"http:{stub(answer).url}#retries=0&timeout=0.2", toy_corpus)
    clock = time.monotonic()
    with pytest.raises(EngineFailed, match="TimeoutError"):
        remote.search(["Tessa"], 1)
    assert time.monotonic() - clock < 5


def test_a_connection_that_the_server_closed_is_opened_anew(stub: Any, toy_corpus: Corpus):
    server = stub(honest(toy_corpus))
    remote: Any = open_engine(f"http:{server.url}#retries=0", toy_corpus)
    remote.search(["Tessa"], 1)
    kept = remote._local.kept[1]
    kept.sock.shutdown(socket.SHUT_RDWR)
    assert remote.search(["Thornwell"], 1) == open_engine("bm25", toy_corpus).search(["Thornwell"], 1)


def test_some_failed_queries_leave_the_others(stub: Any, toy_corpus: Corpus):
    good = honest(toy_corpus)

    def answer(fields: dict[str, Any], number: int) -> tuple[int, Any]:
        status, said = good(fields, number)
        said["failed"] = [0] if number == 0 else []
        return status, said

    remote, local = open_engine(f"http:{stub(answer).url}", toy_corpus), open_engine("bm25", toy_corpus)
    with pytest.raises(EngineFailed) as error:
        remote.search(["Tessa", "Halvard"], 2)
    assert error.value.hits == [None, local.search(["Halvard"], 2)[0]]
    assert remote.search(["Tessa", "Halvard"], 2) == local.search(["Tessa", "Halvard"], 2)
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.hits) == (str(error.value), error.value.hits)


@pytest.mark.parametrize(
    ("status", "said", "why"),
    [
        (200, {"result": [[{"document": {"id": "elsewhere"}, "score": 1}]]}, "does not hold"),
        (404, {"detail": "no such corpus"}, "no such corpus"),
        (422, {"detail": "topk"}, "topk"),
    ],
)
def test_a_wrong_server_is_the_users_mistake(stub: Any, toy_corpus: Corpus, status: int, said: Any, why: str):
    remote = open_engine(f"http:{stub(lambda fields, number: (status, said)).url}", toy_corpus)
    with pytest.raises(BadInput, match=why) as error:
        remote.search(["Tessa"], 1)
    assert error.value.field == "engines"


@pytest.mark.parametrize(
    "name",
    [
        "http",
        "http:ftp://host",
        "http:localhost:8000",
        "http:http://h#timeout=0",
        "http:http://h#retry=1",
        "http:http://h#retries=x",
    ],
)
def test_a_malformed_name_is_refused(toy_corpus: Corpus, name: str):
    with pytest.raises(BadInput) as error:
        open_engine(name, toy_corpus)
    assert error.value.field == "engines"


def test_it_pickles_after_a_search(stub: Any, toy_corpus: Corpus):
    remote: Any = open_engine(f"http:{stub(honest(toy_corpus)).url}", toy_corpus)
    remote.search(["Tessa"], 1)
    again = pickle.loads(pickle.dumps(remote))
    assert again.search(["Tessa", "Halvard"], 2) == remote.search(["Tessa", "Halvard"], 2)


def test_any_string_is_a_query(stub: Any, toy_corpus: Corpus):
    remote = open_engine(f"http:{stub(honest(toy_corpus)).url}", toy_corpus)
    assert remote.search(["\ud800 Tessa", "Tessa\x00"], 1) == open_engine("bm25", toy_corpus).search(["Tessa"] * 2, 1)
