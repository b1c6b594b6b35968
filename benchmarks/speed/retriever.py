"""A retriever behind HTTP, in the form of Search-R1 (Jin et al. 2025, arXiv 2503.09516), and the client it comes with.

``POST /retrieve`` takes ``{"queries": [str], "topk": int?, "return_scores": bool = false}`` and gives
``{"result": [[{"document": {"id", "contents"}, "score": float}]]}``, without scores the bare documents. ``contents``
begins with the line of the title. ``python -P -m berrypick.benchmarks.speed.retriever FOLDER`` listens on a free port
of 127.0.0.1 and writes its number as the first line of standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import msgspec

from berrypick.corpora import store
from berrypick.corpora.engines import Engine, open_engine
from berrypick.corpora.store import Corpus
from berrypick.records import Document, Hit

DEFAULT_TOPK: Final = 3
PATH: Final = "/retrieve"


class Query(msgspec.Struct):
    """The body of a request; further fields are ignored, as their server does."""

    queries: list[str]
    topk: int | None = None
    return_scores: bool = False


class Retriever:
    """Answers requests in process.

    Args:
        corpus: what is searched.
        engine: an engine over it.
    """

    def __init__(self, corpus: Corpus, engine: Engine) -> None:
        self._corpus, self._engine = corpus, engine

    def retrieve(self, queries: Sequence[str], topk: int, return_scores: bool) -> list[list[dict[str, Any]]]:
        """Return documents for each query, best first."""
        return [[self._shown(hit, return_scores) for hit in hits] for hits in self._engine.search(list(queries), topk)]

    def _shown(self, hit: Hit, return_scores: bool) -> dict[str, Any]:
        document = contents(self._corpus.documents[hit.index])
        return {"document": document, "score": hit.score} if return_scores else document


def contents(document: Document) -> dict[str, str]:
    """A document as Search-R1's corpora have it."""
    return {"id": document.id, "contents": f'"{document.title}"\n{document.text}'}


def client(url: str, queries: Sequence[str], topk: int) -> Any:
    """Ask as Search-R1's rollout does: a connection for each request, scores always."""
    import requests

    payload: dict[str, Any] = {"queries": list(queries), "topk": topk, "return_scores": True}
    return requests.post(url, json=payload).json()["result"]


def serve(retriever: Retriever) -> ThreadingHTTPServer:
    """Return a server on a free port of 127.0.0.1; ``serve_forever`` starts it."""

    class Handler(BaseHTTPRequestHandler):
        # Header and body leave in one packet, so that no acknowledgement is waited for.
        wbufsize = -1

        def do_POST(self) -> None:
            status, body = answer(retriever, self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def answer(retriever: Retriever, path: str, body: bytes) -> tuple[int, bytes]:
    """Return status and body for a request: 404 for another path, 422 for another form, as FastAPI has it."""
    if path != PATH:
        return 404, _detail(f"there is {PATH} only")
    try:
        query = msgspec.json.decode(body, type=Query)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return 422, _detail(str(error))
    topk = DEFAULT_TOPK if query.topk is None else query.topk
    if topk < 1:
        return 422, _detail(f"topk must be at least 1, got {topk}")
    return 200, msgspec.json.encode({"result": retriever.retrieve(query.queries, topk, query.return_scores)})


def _detail(reason: str) -> bytes:
    return msgspec.json.encode({"detail": reason})


def main(folder: Path) -> None:
    """Serve the ``bm25`` engine over a corpus folder until killed."""
    corpus = store.read(folder)
    server = serve(Retriever(corpus, open_engine("bm25", corpus)))
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
