"""Every peer's request is read, every peer's response is written, and what does not fit is named."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from berrypick.corpora.service.dialects import Limits, encode_document, parse, respond
from berrypick.errors import BadInput
from berrypick.records import Document

PAGE = Document("p1", "Tessa Thornwell", ("She was born.", "She works."))
SHOWN = {
    "id": "p1",
    "contents": '"Tessa Thornwell"\nShe was born. She works.',
    "title": "Tessa Thornwell",
    "text": "She was born. She works.",
}


def exchange(fields: dict[str, Any], lists: list[Any] | None = None, packed: bool = False) -> Any:
    body = msgspec.msgpack.encode(fields) if packed else json.dumps(fields).encode()
    asked = parse(body, "application/msgpack" if packed else "application/json; charset=utf-8", Limits())
    hit = (encode_document(PAGE), 1.5)
    said = respond(asked, [[hit]] * len(asked.queries) if lists is None else lists, "bm25")
    return msgspec.msgpack.decode(said) if packed else json.loads(said)


def test_search_r1_with_scores():
    fields = {"queries": ["a", "b"], "topk": 1, "return_scores": True}
    assert exchange(fields) == {"result": [[{"document": SHOWN, "score": 1.5}]] * 2}


@pytest.mark.parametrize("fields", [{"queries": ["a"]}, {"queries": ["a"], "return_scores": False}])
def test_search_r1_without_scores_gives_bare_documents(fields: dict[str, Any]):
    assert exchange(fields) == {"result": [[SHOWN]]}


def test_skyrl_asks_one_query_and_gets_one_inner_list():
    fields = {"query": "a", "topk": 1, "return_scores": True}
    assert exchange(fields) == {"result": [[{"document": SHOWN, "score": 1.5}]]}


@pytest.mark.parametrize("fields", [{"query": "a", "top_k": 1}, {"query": "a", "k": 1}, {"query": "a"}])
def test_rllm_and_ragen_get_results(fields: dict[str, Any]):
    shown = {"document": SHOWN, "score": 1.5}
    assert exchange(fields) == {"query": "a", "method": "bm25", "results": [shown], "num_results": 1}


def test_gem_speaks_messagepack_and_gets_a_flat_list():
    fields = {"query": "a", "topk": 1, "return_scores": True}
    assert exchange(fields, packed=True) == {"result": [{"document": SHOWN, "score": 1.5}]}


@pytest.mark.parametrize("media_type", ["", "application/json", "application/octet-stream"])
def test_messagepack_without_its_media_type_is_read(media_type: str):
    body = msgspec.msgpack.encode({"query": "a", "topk": 2, "return_scores": True})
    asked = parse(body, media_type, Limits())
    assert (asked.queries, asked.topk, asked.packed, asked.shape) == (("a",), 2, True, "flat")


def test_failed_queries_are_listed_and_their_lists_are_empty():
    fields = {"queries": ["a", "b", "c"], "return_scores": True}
    said = exchange(fields, [None, [], None])
    assert said == {"result": [[], [], []], "failed": [0, 2]}


@pytest.mark.parametrize(("name", "wanted"), [("topk", 7), ("top_k", 7), ("k", 7)])
def test_every_name_of_the_count_is_read(name: str, wanted: int):
    assert parse(json.dumps({"query": "a", name: wanted}).encode(), "", Limits()).topk == wanted


def test_without_a_count_the_server_decides():
    assert parse(b'{"query": "a", "topk": null}', "", Limits(), default_topk=5).topk == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"\xff", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "queries"),
        (b'{"query": "a", "queries": ["a"]}', "queries"),
        (b'{"queries": "a"}', "queries"),
        (b'{"queries": []}', "queries"),
        (b'{"queries": ["a", "b", "c", "d"]}', "queries"),
        (b'{"queries": ["a", 1]}', "queries[1]"),
        (b'{"query": null}', "query"),
        (b'{"query": "abcdefghijk"}', "query"),
        (b'{"query": "a", "topk": 0}', "topk"),
        (b'{"query": "a", "topk": true}', "topk"),
        (b'{"query": "a", "top_k": 11}', "top_k"),
        (b'{"query": "a", "k": "3"}', "k"),
        (b'{"query": "a", "return_scores": 1}', "return_scores"),
    ],
)
def test_what_does_not_fit_is_named(body: bytes, field: str):
    with pytest.raises(BadInput) as error:
        parse(body, "application/json", Limits(queries=3, letters=10, topk=10))
    assert error.value.field == field


def test_a_lone_surrogate_in_json_is_refused_or_read_and_never_crashes():
    asked = parse(b'{"query": "\\ud83d\\ude00"}', "application/json", Limits())
    assert asked.queries == ("\N{GRINNING FACE}",)
    with pytest.raises(BadInput):
        parse(b'{"query": "\\ud800"}', "application/json", Limits())
