"""The request and response formats of retrieval servers in the Search-R1 family, told apart by their fields.

| format | request | response |
|---|---|---|
| Search-R1, verl, ASearcher | ``{"queries": [str], "topk": int, "return_scores": bool}`` | ``{"result": [[hit]]}`` |
| SkyRL | ``{"query": str, "topk": int, "return_scores": bool}`` | ``{"result": [[hit]]}``, one inner list |
| rLLM, RAGEN | ``{"query": str, "top_k": int}``, or ``k`` | ``{"query", "method", "results": [hit], "num_results"}`` |
| GEM | SkyRL's fields in MessagePack | ``{"result": [hit]}`` in MessagePack, one flat list |

A hit is ``{"document": {"id", "contents", "title", "text"}, "score": float}``; Search-R1's format gives the bare
document where ``return_scores`` is false. ``contents`` begins with the line of the title, in quotation marks, as in
Search-R1's corpora (Jin et al. 2025, arXiv 2503.09516). In a list of queries some of which failed, ``failed`` holds
their indexes and their lists are empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from berrypick.errors import BadInput
from berrypick.records import Document, Record

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"
#: Media types that mean MessagePack.
_PACKED: Final = (MSGPACK, "application/x-msgpack", "application/vnd.msgpack")
#: Names of the number of documents, in order of precedence.
_COUNTS: Final = ("topk", "top_k", "k")
DEFAULT_TOPK: Final = 3

#: One hit: the document, encoded, and its score.
Listed = tuple[msgspec.Raw, float]


class Limits(Record):
    """What one request may ask for.

    Attributes:
        body: bytes of a request's body.
        queries: queries in a request.
        letters: characters in a query.
        topk: documents for a query.
    """

    body: int = 2**20
    queries: int = 1024
    letters: int = 2**14
    topk: int = 100


class RetrievalRequest(Record):
    """A request in no particular format.

    Attributes:
        queries: what is searched for.
        topk: number of documents for each query.
        has_scores: whether hits carry scores.
        shape: ``lists`` (one inner list a query), ``single`` (rLLM) or ``flat`` (GEM).
        packed: whether the response is MessagePack.
    """

    queries: tuple[str, ...]
    topk: int
    has_scores: bool
    shape: str
    packed: bool

    @property
    def media_type(self) -> str:
        """Of the response."""
        return MSGPACK if self.packed else JSON


def parse(body: bytes, media_type: str, limits: Limits, default_topk: int = DEFAULT_TOPK) -> RetrievalRequest:
    """Read a request of any of the formats; fields that none of them has are ignored.

    Args:
        body: of the request.
        media_type: the request's Content-Type. GEM sends none, so that a body that begins as a map of MessagePack, and
            as no JSON does, is one.
        limits: what a request may ask for.
        default_topk: where the request does not say.

    Raises:
        BadInput: what does not fit, with its field.
    """
    packed = media_type.partition(";")[0].strip().lower() in _PACKED or _is_packed_map(body)
    fields = _decode(body, packed)
    single = "query" in fields
    queries = _queries(fields, limits)
    counts = [name for name in _COUNTS if fields.get(name) is not None]
    topk = default_topk if not counts else _count(fields[counts[0]], counts[0], limits.topk)
    has_scores = fields.get("return_scores", single)
    if not isinstance(has_scores, bool):
        raise BadInput(f"must be true or false, got {_shown(has_scores)}", field="return_scores")
    shape = "lists"
    if single:
        is_skyrl = "topk" in fields or "return_scores" in fields
        shape = "flat" if packed else "lists" if is_skyrl else "single"
    return RetrievalRequest(queries, topk, has_scores or shape != "lists", shape, packed)


def respond(asked: RetrievalRequest, lists: Sequence[Sequence[Listed] | None], method: str) -> bytes:
    """Encode what was found in the format of the request.

    Args:
        asked: the request.
        lists: one list of hits for each query, best first; None where the search failed.
        method: name of the engine.
    """
    shown = [[_hit(listed, asked.has_scores) for listed in hits or ()] for hits in lists]
    response: dict[str, Any] = {"result": shown}
    if asked.shape == "single":
        response = {"query": asked.queries[0], "method": method, "results": shown[0], "num_results": len(shown[0])}
    if asked.shape == "flat":
        response = {"result": shown[0]}
    if failed := [index for index, hits in enumerate(lists) if hits is None]:
        response["failed"] = failed
    if asked.packed:
        return msgspec.msgpack.encode(_unpacked(response))
    return msgspec.json.encode(response)


def encode_document(document: Document) -> msgspec.Raw:
    """Encode a document as these servers show it."""
    title, text = document.title, document.text
    shown = {"id": document.id, "contents": f'"{title}"\n{text}', "title": title, "text": text}
    return msgspec.Raw(msgspec.json.encode(shown))


def _decode(body: bytes, packed: bool) -> Mapping[str, Any]:
    try:
        decode = msgspec.msgpack.decode if packed else msgspec.json.decode
        return decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = "MessagePack" if packed else "JSON"
        raise BadInput(f"must be a {kind} object with 'queries' or 'query': {error}", field="body") from error


def _is_packed_map(body: bytes) -> bool:
    return bool(body) and (0x80 <= body[0] <= 0x8F or body[0] in (0xDE, 0xDF))


def _queries(fields: Mapping[str, Any], limits: Limits) -> tuple[str, ...]:
    if ("query" in fields) == ("queries" in fields):
        raise BadInput("give either queries (a list of strings) or query (a string)", field="queries")
    if "query" in fields:
        return (_query(fields["query"], "query", limits),)
    queries = fields["queries"]
    if not isinstance(queries, list):
        raise BadInput(f"must be a list of strings, got {_shown(queries)}", field="queries")
    if not 1 <= len(queries) <= limits.queries:
        raise BadInput(f"must hold from 1 to {limits.queries} queries, got {len(queries)}", field="queries")
    return tuple(_query(query, f"queries[{index}]", limits) for index, query in enumerate(queries))


def _query(query: Any, field: str, limits: Limits) -> str:
    if not isinstance(query, str):
        raise BadInput(f"must be a string, got {_shown(query)}", field=field)
    if len(query) > limits.letters:
        raise BadInput(f"must have at most {limits.letters} characters, got {len(query)}", field=field)
    return query


def _count(value: Any, field: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadInput(f"must be a whole number from 1 to {most}, got {_shown(value)}", field=field)
    return value


def _hit(listed: Listed, has_scores: bool) -> Any:
    document, score = listed
    return {"document": document, "score": score} if has_scores else document


def _unpacked(value: Any) -> Any:
    """Replace encoded documents, which hold JSON, by what they hold."""
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    if isinstance(value, dict):
        return {key: _unpacked(each) for key, each in value.items()}
    return value


def _shown(value: Any) -> str:
    """A value as an error shows it, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
