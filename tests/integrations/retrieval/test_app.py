"""The server over a real socket: formats, worlds by path, conditions, errors that name the field, counters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import msgspec
import pytest

from berrypick.corpora import load
from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus

QUERY = "Northern Halvard Foundry"


def listed(answer: dict[str, Any]) -> list[list[str]]:
    return [[hit["document"]["id"] for hit in hits] for hits in answer["result"]]


def ids(corpus: Corpus, query: str, k: int, engine: str = "bm25") -> list[str]:
    return [corpus.documents[hit.index].id for hit in open_engine(engine, corpus).search([query], k)[0]]


def test_search_r1_gets_the_engines_lists(server: Any, toy_corpus: Corpus):
    status, said = server.post("/retrieve", {"queries": [QUERY, "Tessa", "zzz"], "topk": 4, "return_scores": True})
    assert status == 200
    assert listed(said) == [ids(toy_corpus, query, 4) for query in (QUERY, "Tessa", "zzz")]
    first = said["result"][0][0]
    assert first["document"]["contents"].splitlines()[0] == f'"{first["document"]["title"]}"'
    assert first["score"] == open_engine("bm25", toy_corpus).search([QUERY], 1)[0][0].score


def test_skyrl_rllm_and_gem_get_theirs(server: Any, toy_corpus: Corpus):
    best = ids(toy_corpus, QUERY, 2)
    assert listed(server.post("/retrieve", {"query": QUERY, "topk": 2, "return_scores": True})[1]) == [best]
    rllm = server.post("/retrieve", {"query": QUERY, "top_k": 2})[1]
    assert [hit["document"]["id"] for hit in rllm["results"]] == best and rllm["num_results"] == 2
    packed = msgspec.msgpack.encode({"query": QUERY, "topk": 2, "return_scores": True})
    status, said = server.ask("POST", "/retrieve", packed, "application/msgpack")
    assert status == 200
    assert [hit["document"]["id"] for hit in msgspec.msgpack.decode(said)["result"]] == best


def test_a_path_names_a_world(server: Any):
    body = {"queries": ["founded by"], "topk": 3, "return_scores": True}
    for split, number in (("train", 1), ("dev", 0)):
        world = load("almanac-tiny", split, number)
        status, said = server.post(f"/almanac-tiny/{split}/{number}/retrieve", body)
        assert (status, listed(said)) == (200, [ids(world, "founded by", 3)])
    assert listed(server.post("/almanac-tiny/retrieve", body)[1]) == [
        ids(load("almanac-tiny", "train", 1), "founded by", 3)
    ]


def test_a_request_chooses_engine_knockouts_and_faults(server: Any, toy_corpus: Corpus):
    body = {"queries": [QUERY], "topk": 10, "return_scores": True}
    assert listed(server.post("/retrieve?engine=dense", body)[1]) == [ids(toy_corpus, QUERY, 10, "dense")]
    masked = listed(server.post("/retrieve?knockouts=no_chronicle,no_roster", body)[1])[0]
    assert masked == [name for name in ids(toy_corpus, QUERY, 10) if name[0] not in "cr"]
    assert listed(server.post("/retrieve?faults=empty", body)[1]) == [[]]
    several = {**body, "queries": [f"{QUERY} {number}" for number in range(12)]}
    once = server.post("/retrieve?faults=dropout:0.5&seed=4", several)[1]
    assert once == server.post("/retrieve?faults=dropout:0.5&seed=4", several)[1]
    assert once != server.post("/retrieve?faults=dropout:0.5&seed=5", several)[1]


def test_a_session_has_stale_lists(server: Any, toy_corpus: Corpus):
    body = {"queries": ["Corin Vale"], "topk": 2, "return_scores": True}
    status, said = server.post("/retrieve?faults=stale", body)
    assert (status, said["field"]) == (422, "session")
    assert listed(server.post("/retrieve?faults=stale&session=e1", {**body, "queries": [QUERY]})[1]) == [[]]
    assert listed(server.post("/retrieve?faults=stale&session=e1", body)[1]) == [ids(toy_corpus, QUERY, 2)]


def test_failed_searches_are_told_and_are_no_documents(server: Any):
    body = {"queries": [f"{QUERY} {n}" for n in range(40)], "topk": 1, "return_scores": True}
    status, said = server.post("/retrieve?faults=error:0.5&seed=1", body)
    assert status == 200 and 0 < len(said["failed"]) < 40
    assert all(said["result"][index] == [] for index in said["failed"])
    status, said = server.post("/retrieve?faults=error:1", body)
    assert (status, said["detail"]) == (503, "the search engine failed")
    status, said = server.post("/retrieve?knockouts=no_bm25", body)
    assert (status, said["field"]) == (403, "engine")


def test_latency_delays_one_request_and_not_the_others(server: Any):
    body = {"queries": [QUERY], "topk": 1}
    with ThreadPoolExecutor(8) as pool:
        clock = time.monotonic()
        slow = [pool.submit(server.post, "/retrieve?faults=latency:1500", body) for _ in range(8)]
        assert server.post("/retrieve", body)[0] == 200
        assert not any(each.done() for each in slow)
        assert [each.result()[0] for each in slow] == [200] * 8
        assert 1.5 <= time.monotonic() - clock < 8, "they wait side by side"


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/retrieve", {"queries": "a"}, 422, "queries"),
        ("/retrieve", b"{", 422, "body"),
        ("/retrieve", b"x" * (2**20 + 1), 413, "body"),
        ("/retrieve", {"queries": ["a"], "topk": 101}, 422, "topk"),
        ("/retrieve?engine=hybrid", {"queries": ["a"]}, 422, "engine"),
        ("/retrieve?engine=dense:hf:/etc/passwd", {"queries": ["a"]}, 422, "engine"),
        ("/retrieve?knockouts=no_profil", {"queries": ["a"]}, 422, "knockouts"),
        ("/retrieve?knockouts=renamed", {"queries": ["a"]}, 422, "knockouts"),
        ("/retrieve?faults=latency", {"queries": ["a"]}, 422, "faults"),
        ("/retrieve?fault=empty", {"queries": ["a"]}, 422, "query parameter"),
        ("/retrieve?seed=-1", {"queries": ["a"]}, 422, "seed"),
        ("/factbook/retrieve", {"queries": ["a"]}, 404, "corpus"),
        ("/almanac-tiny/tset/0/retrieve", {"queries": ["a"]}, 404, "split"),
        ("/almanac-tiny/test/4/retrieve", {"queries": ["a"]}, 404, "world"),
        ("/almanac-tiny/test/one/retrieve", {"queries": ["a"]}, 404, "world"),
    ],
)
def test_bad_input_is_a_4xx_that_names_the_field(server: Any, path: str, body: Any, status: int, field: str):
    got, said = server.post(path, body)
    assert (got, said["field"]) == (status, field)
    assert said["detail"]


def test_other_paths_and_methods_are_not_there(server: Any):
    assert server.ask("GET", "/retrieve")[0] == 405
    assert server.ask("POST", "/retrieve/more", b"{}")[0] == 404


def test_a_chunked_body_is_bounded_too(server: Any):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    chunks = (b"x" * 2**16 for _ in range(32))
    try:
        connection.request("POST", "/retrieve", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    except OSError:
        pass  # the server answered and closed before it had read everything
    assert connection.getresponse().status == 413
    connection.close()


def test_pages_open_by_title_or_id_unless_that_is_knocked_out(server: Any):
    status, said = server.post("/access", {"urls": ["Tessa Thornwell", "c1", "nothing"]})
    assert status == 200
    assert [page and page["id"] for page in said["result"]] == ["p1", "c1", None]
    assert server.post("/access?knockouts=no_chronicle", {"urls": ["c1"]})[1] == {"result": [None]}
    assert server.post("/access?knockouts=no_open", {"urls": ["c1"]})[0] == 403
    assert server.post("/access", {"url": "c1"})[1]["field"] == "urls"


def test_health_and_metrics(server: Any, toy_corpus: Corpus):
    status, said = server.ask("GET", "/health")
    health = msgspec.json.decode(said)
    assert status == 200 and health["status"] == "healthy"
    assert health["corpus_size"] == len(toy_corpus.documents) and health["fingerprint"] == toy_corpus.fingerprint

    def count() -> float:
        text = server.ask("GET", "/metrics")[1].decode()
        lines = [line for line in text.splitlines() if line.startswith('berrypick_requests_total{status="200"}')]
        return float(lines[0].split()[-1])

    before = count()
    for _ in range(3):
        server.post("/retrieve", {"queries": ["a"]})
    assert count() == before + 3


def test_requests_of_many_threads_are_batched_and_keep_their_answers(start: Callable[..., Any], toy_corpus: Corpus):
    words = sorted({word for document in toy_corpus.documents for word in document.text.split()})
    with start(str(toy_corpus.path)) as running, ThreadPoolExecutor(16) as pool:
        bodies = [{"queries": [word], "topk": 3, "return_scores": True} for word in words * 4]
        answers = list(pool.map(lambda body: running.post("/retrieve", body), bodies))
        metrics = running.ask("GET", "/metrics")[1].decode()
    assert [listed(said) for _, said in answers] == [[ids(toy_corpus, body["queries"][0], 3)] for body in bodies]
    batches = next(line for line in metrics.splitlines() if line.startswith("berrypick_batches_total"))
    assert float(batches.split()[-1]) <= len(bodies)


def test_more_requests_than_may_wait_get_503(start: Callable[..., Any], toy_corpus: Corpus):
    with start(str(toy_corpus.path), waiting=0) as running:
        status, said = running.post("/retrieve", {"queries": ["a"]})
    assert (status, said["field"]) == (503, None)


@pytest.mark.usefixtures("start")
def test_the_command_serves_reloads_and_stops(toy_corpus: Corpus):
    """SIGHUP reads the corpus anew; SIGTERM ends a running request, then the process, with exit code 0."""
    script = "import sys; from berrypick.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-P", "-c", script, "serve", str(toy_corpus.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(":")[2].split("/")[0])

            def ask(path: str) -> int:
                connection = HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("POST", path, b'{"queries": ["Tessa"]}')
                return connection.getresponse().status

            assert ask("/retrieve") == 200
            process.send_signal(signal.SIGHUP)
            assert ask("/retrieve") == 200
            with ThreadPoolExecutor(1) as pool:
                slow = pool.submit(ask, "/retrieve?faults=latency:1500")
                time.sleep(0.5)
                process.send_signal(signal.SIGTERM)
                assert slow.result(30) == 200
            assert process.wait(30) == 0
        finally:
            process.kill()
