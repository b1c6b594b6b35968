"""``serve``."""

from __future__ import annotations

from typing import Annotated

import tyro

from berrypick.cli.console import ERR, OUT
from berrypick.errors import BadInput

Corpora = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CORPUS ...]")]


def serve(
    corpora: Corpora = ("almanac-small",),
    host: str = "127.0.0.1",
    port: int = 8000,
    engines: tuple[str, ...] = ("bm25", "dense"),
    worlds: int = 64,
    waiting: int = 4096,
) -> int:
    """Serve corpora over HTTP in the formats of Search-R1, SkyRL, rLLM, RAGEN and GEM.

    POST /retrieve searches the first corpus, POST /CORPUS/SPLIT/WORLD/retrieve any world of those named. Query
    parameters: engine, knockouts and faults (as in the environments, separated by commas), seed, session. GET /health,
    GET /metrics. SIGTERM ends running requests and stops, SIGHUP reads corpora anew.

    Args:
        corpora: CORPUS, CORPUS/SPLIT or CORPUS/SPLIT/WORLD; a registered corpus, an added one, or a folder.
        host: address to listen on.
        port: to listen on; 0 is a free one, which is printed.
        engines: that requests may search; the first is the default.
        worlds: worlds of a split that a path can name, counted from 0.
        waiting: requests that may wait for an engine; beyond them the answer is 503.
    """
    try:
        from berrypick.integrations.retrieval.app import listen, run
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise BadInput(f"{error.name} is not installed; pip install 'berrypick[serve]'") from error
    from berrypick.integrations.retrieval.catalogue import Catalogue, parse_place
    from berrypick.integrations.retrieval.service import Service

    catalogue = Catalogue([parse_place(text) for text in corpora], engines, worlds)
    service = Service(catalogue, waiting=waiting)
    bound = listen(host, port)
    ERR.print(f"Loading {catalogue.default}; a world that is missing is built first", markup=False)
    OUT.print(f"http://{host}:{bound.getsockname()[1]}/retrieve", markup=False, soft_wrap=True)
    run(service, bound)
    return 0
