"""``serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from berrypick.cli.console import ERR, OUT

Corpora = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CORPUS ...]")]
Log = Annotated[Path | None, tyro.conf.arg(metavar="PATH", help_behavior_hint="(default: none)")]


def serve(
    corpora: Corpora = ("almanac-small",),
    host: str = "127.0.0.1",
    port: int = 8000,
    engines: tuple[str, ...] = ("bm25", "dense"),
    knockouts: tuple[str, ...] = (),
    faults: tuple[str, ...] = (),
    worlds: int = 64,
    waiting: int = 4096,
    mcp: bool = False,
    transport: Literal["stdio", "http"] = "stdio",
    log: Log = None,
) -> int:
    """Serve corpora over HTTP in the formats of Search-R1, SkyRL, rLLM, RAGEN and GEM; or environments over MCP.

    POST /retrieve searches the first corpus, POST /CORPUS/SPLIT/WORLD/retrieve any world of those named. Query
    parameters: engine, knockouts and faults (as in the environments, separated by commas), seed, session. GET /health,
    GET /metrics. SIGTERM ends running requests and stops, SIGHUP reads corpora anew.

    With --mcp any agent that speaks the Model Context Protocol plays the first corpus by the tools reset, search, open
    and answer.

    Args:
        corpora: CORPUS, CORPUS/SPLIT or CORPUS/SPLIT/WORLD; a registered corpus, an added one, or a folder.
        host: address to listen on.
        port: to listen on; 0 is a free one, which is printed.
        engines: that can be searched; the first is the default.
        knockouts: that hold for everybody, beside those of a request.
        faults: that hold for everybody, before those of a request.
        worlds: worlds of a split that a path can name, counted from 0; with --mcp, worlds to draw tasks from.
        waiting: requests that may wait for an engine; beyond them the answer is 503.
        mcp: serve environments over the Model Context Protocol.
        transport: of --mcp: standard input and output, or HTTP at /mcp.
        log: with --mcp, a file to which what became of each episode is appended, a JSON line each.
    """
    if mcp:
        return _play(corpora[0], host, port, engines, knockouts, faults, worlds, transport, log)
    return _retrieve(corpora, host, port, engines, knockouts, faults, worlds, waiting)


def _retrieve(
    corpora: tuple[str, ...],
    host: str,
    port: int,
    engines: tuple[str, ...],
    knockouts: tuple[str, ...],
    faults: tuple[str, ...],
    worlds: int,
    waiting: int,
) -> int:
    from berrypick.integrations.retrieval.app import listen, run
    from berrypick.integrations.retrieval.catalogue import Catalogue, parse_place
    from berrypick.integrations.retrieval.service import Service

    catalogue = Catalogue([parse_place(text) for text in corpora], engines, worlds, knockouts, faults)
    service = Service(catalogue, waiting=waiting)
    bound = listen(host, port)
    ERR.print(f"Loading {catalogue.default}; a world that is missing is built first", markup=False)
    OUT.print(f"http://{host}:{bound.getsockname()[1]}/retrieve", markup=False, soft_wrap=True)
    run(service, bound)
    return 0


def _play(
    corpus: str,
    host: str,
    port: int,
    engines: tuple[str, ...],
    knockouts: tuple[str, ...],
    faults: tuple[str, ...],
    worlds: int,
    transport: str,
    log: Path | None,
) -> int:
    from berrypick.integrations.mcp import Games, run
    from berrypick.integrations.retrieval.catalogue import parse_place

    place = parse_place(corpus)
    numbers = range(place.world, place.world + worlds)
    changes = {"engines": engines, "knockouts": knockouts, "faults": faults}
    games = Games(log, corpus=place.corpus, split=place.split, worlds=numbers, **changes)
    if transport == "http":
        ERR.print(f"http://{host}:{port}/mcp", markup=False, soft_wrap=True)
    run(games, transport, host, port)
    return 0
