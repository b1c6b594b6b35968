"""The web application of ``berrypick serve``: FastAPI over ``Service``, and its server."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

import berrypick
from berrypick.corpora.service.batching import Overloaded
from berrypick.corpora.service.dialects import JSON
from berrypick.errors import BadInput
from berrypick.integrations.retrieval.catalogue import Conditions, Place
from berrypick.integrations.retrieval.service import Reply, Service
from berrypick.registry import UnknownName

#: Query parameters of a request.
PARAMETERS: Final = ("engine", "knockouts", "faults", "seed", "session")
#: A path names a world or none: /retrieve, /CORPUS/retrieve, /CORPUS/SPLIT/retrieve, /CORPUS/SPLIT/WORLD/retrieve.
PREFIXES: Final = ("", "/{corpus}", "/{corpus}/{split}", "/{corpus}/{split}/{world}")
#: Seconds that running requests have to end once the server is told to stop.
GRACE: Final = 30
#: Connections that may wait to be accepted.
_BACKLOG: Final = 2048
_PLAIN: Final = "text/plain; version=0.0.4"


def application(service: Service) -> FastAPI:
    """Return the application; it opens the default world before it accepts requests."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.warm()
        loop, reloading = asyncio.get_running_loop(), set[asyncio.Task[None]]()

        def reload() -> None:
            task = loop.create_task(service.reload())
            reloading.add(task)
            task.add_done_callback(reloading.discard)

        try:
            loop.add_signal_handler(signal.SIGHUP, reload)
        except (NotImplementedError, RuntimeError, ValueError):  # not the main thread, as in tests
            pass
        yield
        service.close()

    app = FastAPI(title="berrypick", version=berrypick.__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    for prefix in PREFIXES:
        app.router.add_route(f"{prefix}/retrieve", partial(_guarded, service, _retrieve), methods=["POST"])
        app.router.add_route(f"{prefix}/access", partial(_guarded, service, _access), methods=["POST"])
    app.router.add_route("/health", partial(_health, service), methods=["GET"])
    app.router.add_route("/metrics", partial(_metrics, service), methods=["GET"])
    return app


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that early requests wait for the server; port 0 is a free one.

    Raises:
        BadInput: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise BadInput(f"cannot listen on {host}:{port}: {error}", field="port") from error
    return bound


def run(service: Service, bound: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then end running requests; SIGHUP reads corpora anew."""
    config = uvicorn.Config(
        application(service), log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE, backlog=_BACKLOG
    )
    # Once it has ended in peace, uvicorn raises the signal again for whoever handled it before.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        uvicorn.Server(config).run(sockets=[bound])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_Answer = Callable[[Service, Request, Place, Conditions, bytes], Awaitable[Reply]]


async def _guarded(service: Service, answer: _Answer, request: Request) -> Response:
    """Read a bounded body, answer, and turn errors into 4xx that name the field."""
    clock = time.perf_counter()
    try:
        place, conditions = _where(service, request)
        reply = await answer(service, request, place, conditions, await _body(request, service.limits.body))
    except _TooLarge as error:
        reply = _error(413, str(error), "body")
    except BadInput as error:
        reply = _error(404 if error.field == "world" else 422, error.reason, error.field)
    except UnknownName as error:
        reply = _error(
            404 if error.kind in ("corpus", "split") else 422, str(error), _FIELDS.get(error.kind, error.kind)
        )
    except Overloaded as error:
        reply = _error(503, f"{error}; try again later", None)
    service.counters.add("requests", status=str(reply.status))
    service.counters.observe(time.perf_counter() - clock)
    headers = {"Retry-After": "1"} if reply.status == 503 else None
    return Response(reply.body, reply.status, headers, reply.media_type)


async def _retrieve(service: Service, request: Request, place: Place, conditions: Conditions, body: bytes) -> Reply:
    parameters = request.query_params
    media_type = request.headers.get("content-type", JSON)
    return await service.retrieve(place, conditions, body, media_type, _seed(request), parameters.get("session"))


async def _access(service: Service, request: Request, place: Place, conditions: Conditions, body: bytes) -> Reply:
    return await service.access(place, conditions, body)


async def _health(service: Service, request: Request) -> Response:
    return Response(msgspec.json.encode(service.health()), media_type=JSON)


async def _metrics(service: Service, request: Request) -> Response:
    return Response(service.counters.text(), media_type=_PLAIN)


#: What an unknown name is the value of, where the parameter has another name.
_FIELDS: Final = {"knock-out": "knockouts", "fault": "faults"}


class _TooLarge(Exception):
    """A body beyond the limit."""


def _where(service: Service, request: Request) -> tuple[Place, Conditions]:
    parameters, path = request.query_params, request.path_params
    if unknown := sorted(set(parameters) - set(PARAMETERS)):
        raise UnknownName("query parameter", unknown[0], list(PARAMETERS))
    place = service.catalogue.place(path.get("corpus"), path.get("split"), path.get("world"))
    conditions = service.catalogue.conditions(
        parameters.get("engine"), parameters.getlist("knockouts"), parameters.getlist("faults")
    )
    return place, conditions


def _seed(request: Request) -> int | None:
    text = request.query_params.get("seed")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**32):
        raise BadInput(f"must be a whole number in [0, 2**32), got {text[:40]!r}", field="seed")
    return int(text)


async def _body(request: Request, most: int) -> bytes:
    stated = request.headers.get("content-length", "0")
    body = bytearray()
    if not stated.isdigit() or int(stated) > most:
        raise _TooLarge(f"must have at most {most} bytes, got {stated[:20]}")
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _TooLarge(f"must have at most {most} bytes")
    return bytes(body)


def _error(status: int, reason: str, field: str | None) -> Reply:
    return Reply(status, JSON, msgspec.json.encode({"detail": reason, "field": field}))
