"""``berrypick serve`` under 64 workers: throughput beside the engine in process and a server of Search-R1's shape."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any

import msgspec
import pytest

from berrypick.benchmarks.speed.measuring import Measure, turns
from berrypick.benchmarks.speed.texts import queries
from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus

SIZE, HITS, WORKERS = 10_000, 3, 64
#: Queries in a round, by queries in a request: about a second each.
QUERIES = {1: 2_048, 64: 8_192}
COMMAND = "import sys; from berrypick.cli.main import main; sys.exit(main(sys.argv[1:]))"

#: Searches all queries, so many in each request.
Search = Callable[[tuple[Sequence[str], int]], list[list[str]]]


@pytest.fixture(scope="module")
def ways(corpus_of: Callable[..., Corpus]) -> Iterator[dict[str, Search]]:
    """Every way, the servers in processes of their own."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    corpus = corpus_of(SIZE)
    engine = open_engine("bm25", corpus)
    folder = str(corpus.path)
    commands = {
        "berrypick serve": ["-c", COMMAND, "serve", folder, "--port", "0", "--engines", "bm25"],
        "FastAPI as Search-R1": ["-m", "berrypick.benchmarks.speed.fastapi_peer", folder],
    }

    def here(asked: tuple[Sequence[str], int]) -> list[list[str]]:
        lists = [hits for block in _blocks(*asked) for hits in engine.search(block, HITS)]
        return [[corpus.documents[hit.index].id for hit in hits] for hits in lists]

    with ExitStack() as stack:
        made: dict[str, Search] = {"in process": here}
        for way, command in commands.items():
            server = stack.enter_context(
                subprocess.Popen([sys.executable, "-P", *command], stdout=subprocess.PIPE, text=True)
            )
            stack.callback(server.terminate)
            assert server.stdout is not None
            port = int(server.stdout.readline().strip().removesuffix("/retrieve").rpartition(":")[2])
            made[way] = _over_http(port)
        yield made


@pytest.mark.parametrize(("block", "way"), turns("in process", "berrypick serve", "FastAPI as Search-R1"))
@pytest.mark.parametrize("batch", [1, 64])
def test_throughput(batch: int, block: int, way: str, ways: Any, measure: Measure) -> None:
    """All ways get the same queries; 64 workers share them, but for the engine in process, which has one thread."""
    asked = list(islice(queries(700 + block), QUERIES[batch]))
    lists = measure(f"{batch} a request", way, block, ways[way], [(asked, batch)], 1)
    assert len(lists) == len(asked)


def test_all_ways_give_the_same(ways: Any) -> None:
    """Else the comparison would be of different things."""
    asked = list(islice(queries(799), 50)), 5
    assert ways["berrypick serve"](asked) == ways["in process"](asked) == ways["FastAPI as Search-R1"](asked)


def _over_http(port: int) -> Search:
    """64 threads, each with a connection that it keeps."""

    def search(asked: tuple[Sequence[str], int]) -> list[list[str]]:
        blocks = _blocks(*asked)
        waiting, lock = iter(enumerate(blocks)), threading.Lock()
        answers: dict[int, list[list[str]]] = {}

        def work() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            while True:
                with lock:
                    number, block = next(waiting, (-1, []))
                if number < 0:
                    connection.close()
                    return
                body = msgspec.json.encode({"queries": block, "topk": HITS, "return_scores": True})
                connection.request("POST", "/retrieve", body, {"Content-Type": "application/json"})
                said = msgspec.json.decode(connection.getresponse().read())["result"]
                answers[number] = [[hit["document"]["id"] for hit in hits] for hits in said]

        threads = [threading.Thread(target=work) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [hits for number in range(len(blocks)) for hits in answers[number]]

    return search


def _blocks(asked: Sequence[str], batch: int) -> list[list[str]]:
    return [list(asked[start : start + batch]) for start in range(0, len(asked), batch)]
