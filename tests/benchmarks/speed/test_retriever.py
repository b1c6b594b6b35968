"""The server speaks Search-R1's dialect, and the client reads from it what the engine found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import msgspec
import pytest

from berrypick.benchmarks.speed.retriever import Retriever, client, serve
from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus

Port = int


@pytest.fixture(scope="module")
def port(toy_corpus: Corpus) -> Iterator[Port]:
    server = serve(Retriever(toy_corpus, open_engine("bm25", toy_corpus)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def post(port: Port, body: bytes, path: str = "/retrieve", method: str = "POST") -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, msgspec.json.decode(text) if is_json else None
    finally:
        connection.close()


#: The page p2 alone holds these words.
VALE = {"id": "p2", "contents": '"Corin Vale"\nCorin Vale studied at Marlow College. He is married to Tessa Thornwell.'}


def test_with_scores(port: Port):
    status, answer = post(port, b'{"queries": ["Corin Vale", "zzz"], "topk": 2, "return_scores": true}')
    assert status == 200 and answer.keys() == {"result"}
    (hit,), nothing = answer["result"]
    assert hit.keys() == {"document", "score"} and hit["document"] == VALE and hit["score"] > 0
    assert nothing == []


def test_without_scores_documents_are_bare(port: Port):
    assert post(port, b'{"queries": ["Corin Vale"]}') == (200, {"result": [[VALE]]})
    assert post(port, b'{"queries": ["Corin Vale"], "return_scores": false}') == (200, {"result": [[VALE]]})


def test_topk_bounds_the_list_and_is_three_unless_asked(port: Port):
    # Thornwell, Halvard and Quillport stand on 8 of the 10 pages.
    for asked, count in ((b"", 3), (b', "topk": null', 3), (b', "topk": 1', 1), (b', "topk": 5', 5)):
        _, answer = post(port, b'{"queries": ["Thornwell Halvard Quillport"]' + asked + b"}")
        assert len(answer["result"][0]) == count


def test_no_queries_no_results(port: Port):
    assert post(port, b'{"queries": []}') == (200, {"result": []})


def test_what_else_a_client_sends_is_ignored(port: Port):
    assert post(port, b'{"queries": ["Corin Vale"], "user": "me"}') == (200, {"result": [[VALE]]})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b'\xff{"queries": []}', "malformed"),
        (b"[]", "object"),
        (b"{}", "queries"),
        (b'{"queries": "Corin Vale"}', "array"),
        (b'{"queries": [1]}', "str"),
        (b'{"queries": ["x"], "topk": "3"}', "int"),
        (b'{"queries": ["x"], "topk": 0}', "at least 1"),
        (b'{"queries": ["x"], "return_scores": 1}', "bool"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(port: Port, body: bytes, told: str):
    status, answer = post(port, body)
    assert status == 422 and told in answer["detail"]


def test_other_paths_and_methods_are_refused(port: Port):
    assert post(port, b'{"queries": []}', path="/search") == (404, {"detail": "there is /retrieve only"})
    assert post(port, b"", method="GET")[0] == 501


def test_the_client_gets_what_the_retriever_gives(port: Port, toy_corpus: Corpus):
    pytest.importorskip("requests", reason="extra speed")
    asked = ["Thornwell", "Quillport governed", "日本"]
    here = Retriever(toy_corpus, open_engine("bm25", toy_corpus)).retrieve(asked, 3, True)
    assert client(f"http://127.0.0.1:{port}/retrieve", asked, 3) == here
