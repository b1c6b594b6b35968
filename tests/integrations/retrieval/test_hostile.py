"""Whatever is sent, the server answers with 200 or a 4xx that names a field, and goes on."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {}, optional={name: ANY for name in ("queries", "query", "topk", "top_k", "k", "return_scores", "urls")}
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
CHECKS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(status: int, said: bytes) -> None:
    assert status in (200, 404, 413, 422), said
    if status != 200:
        detail = json.loads(said)
        assert detail["detail"] and ("field" in detail or detail["detail"] == "Not Found")


@CHECKS
@given(body=st.binary(max_size=200))
def test_any_bytes(server: Any, body: bytes):
    check(*server.ask("POST", "/retrieve", body))


@CHECKS
@given(fields=FIELDS, packed=st.booleans(), path=st.sampled_from(["/retrieve", "/access"]))
def test_any_fields(server: Any, fields: dict[str, Any], packed: bool, path: str):
    if packed:
        try:
            body = msgspec.msgpack.encode(fields)
        except OverflowError:
            return
        check(*server.ask("POST", path, body, "application/msgpack"))
    else:
        check(*server.ask("POST", path, json.dumps(fields).encode()))


@CHECKS
@given(
    name=st.sampled_from(["engine", "knockouts", "faults", "seed", "session", "other"]),
    value=TEXT
    | st.sampled_from(["no_profile", "dropout:0.5", "latency:9e9", "no_bm25,no_bm25", "stale", "random,random"]),
)
def test_any_parameter(server: Any, name: str, value: str):
    status, said = server.ask("POST", f"/retrieve?{name}={quote(value)}", {"queries": ["a"]})
    assert status == 403 or check(status, said) is None


@CHECKS
@given(parts=st.lists(TEXT, min_size=1, max_size=4))
def test_any_path(server: Any, parts: list[str]):
    path = "/".join(quote(part, safe="") for part in parts)
    status, said = server.ask("POST", f"/{path}/retrieve", {"queries": ["a"]})
    assert status in (307, 405) or check(status, said) is None


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"POST /retrieve HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /retrieve HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"GET " + b"/x" * 40_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_broken_requests_leave_the_server_up(server: Any, sent: bytes):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
    status, said = server.post("/retrieve", {"queries": ["Tessa"], "topk": 1})
    assert status == 200 and len(said["result"]) == 1
