"""A retrieval server of Search-R1's shape: FastAPI, a pydantic body, one engine call a request in a thread pool.

``python -P -m berrypick.benchmarks.speed.fastapi_peer FOLDER`` listens on a free port of 127.0.0.1 and writes its
number as the first line of standard output.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import create_model

from berrypick.benchmarks.speed.retriever import DEFAULT_TOPK, PATH, Retriever
from berrypick.corpora import store
from berrypick.corpora.engines import open_engine


def application(retriever: Retriever) -> FastAPI:
    """Return the application."""
    fields: dict[str, Any] = {"queries": (list[str], ...), "topk": (int | None, None), "return_scores": (bool, False)}
    body = create_model("QueryRequest", **fields)

    def retrieve(request: Any) -> dict[str, Any]:
        topk = DEFAULT_TOPK if request.topk is None else request.topk
        return {"result": retriever.retrieve(request.queries, topk, request.return_scores)}

    retrieve.__annotations__ = {"request": body}
    app = FastAPI()
    app.add_api_route(PATH, retrieve, methods=["POST"])
    return app


def main(folder: Path) -> None:
    """Serve the ``bm25`` engine over a corpus folder until killed."""
    corpus = store.read(folder)
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    sys.stdout.write(f"{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    app = application(Retriever(corpus, open_engine("bm25", corpus)))
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[bound])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
