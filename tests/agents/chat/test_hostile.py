"""An endpoint that means harm: bodies that expand without end, counts that cannot be, and keys that come back."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypick import agents
from berrypick.agents.chat import replies
from berrypick.agents.chat.body import LIMIT
from berrypick.agents.chat.client import ChatError
from berrypick.agents.chat.replies import MOST_TOKENS, Choice, Message, Reply, Usage

KEY = "sk-secret-0123456789"


def bomb() -> bytes:
    """Half a megabyte that expands to 512 MB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    return b"".join(squeeze.compress(block) for _ in range(512)) + squeeze.flush()


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_that_expands_without_end_is_one_line_and_little_memory(stub, status: int):
    import resource

    data = bomb()
    assert len(data) < 2**20
    stub.answer = lambda asked, number: stub.says("")._replace(
        body=data, status=status, headers=(("Content-Encoding", "gzip"),)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ChatError, match=r"cannot be read: expected at most 16 MiB, found more") as caught:
        stub.ask(agents.make(stub.name), 1)
    assert "\n" not in str(caught.value) and len(stub.asked) == 1, "nothing is gained by another try"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * LIMIT // 1024


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [("br", b"x", "found 'br'"), ("gzip", b"no gzip", "no body in gzip"), ("gzip, gzip", b"x", "found 'gzip, gzip'")],
)
def test_an_encoding_that_is_none_is_one_line(stub, encoding: str, body: bytes, said: str):
    headers = (("Content-Encoding", encoding),)
    stub.answer = lambda asked, number: stub.says("")._replace(body=body, headers=headers)
    with pytest.raises(ChatError, match=said):
        stub.ask(agents.make(stub.name), 1)


@pytest.mark.parametrize("squeeze", [gzip.compress, zlib.compress])
def test_an_honest_server_may_compress(stub, squeeze: Any):
    served = stub.says("<answer>x</answer>")
    encoding = "gzip" if squeeze is gzip.compress else "deflate"
    packed = served._replace(body=squeeze(json.dumps(served.body).encode()), headers=(("Content-Encoding", encoding),))
    stub.answer = lambda asked, number: packed
    assert stub.ask(agents.make(stub.name), 1) == ["<answer>x</answer>"]


@pytest.mark.parametrize("said", [1e308, -1, 1.5, MOST_TOKENS * 2, "7", None, True, [7], {"a": 1}])
def test_a_count_that_cannot_be_is_not_told(stub, said: Any):
    stub.answer = lambda asked, number: stub.says("x", usage=(said, 2))
    agent = agents.make(stub.name)
    assert stub.ask(agent, 1) == ["x"]
    cost = agent.cost()
    assert (cost["tokens_of_prompts"], cost["tokens_of_completions"], cost["requests_without_usage"]) == (0, 2, 1)


@pytest.mark.parametrize("usage", ['"many"', "[]", "null", "7", "{}"])
def test_usage_that_is_no_object_is_not_told(usage: str):
    body = '{"choices": [{"message": {"content": "x"}}], "usage": ' + usage + "}"
    assert replies.decode(body.encode()).usage is None


def test_a_reply_kept_by_an_earlier_release_is_read():
    """Counts were floats, and anything was kept."""
    usage = b'{"prompt_tokens":7.0,"completion_tokens":1e308}'
    kept = b'{"choices":[{"message":{"content":"x","tool_calls":null}}],"usage":' + usage + b',"seconds":0.5}'
    assert replies.decode(kept) == Reply([Choice(Message("x"))], Usage(7, None), 0.5)


@pytest.mark.parametrize("escaped", [False, True])
def test_a_key_that_a_server_repeats_is_in_no_action_and_in_no_store(
    stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, escaped: bool
):
    monkeypatch.setenv("BERRYPICK_CHAT_KEY", KEY)
    arguments = json.dumps({"query": f"what is {KEY}", KEY: 1})
    if escaped:  # JSON within JSON: nobody finds the key in the bytes
        arguments = arguments.replace("sk-", "\\u0073k-")
    stub.answer = stub.script(
        stub.says(f"your key is {KEY}."),
        stub.says(None, ("search", arguments)),
        stub.says(None, ("search", {"query": KEY})),
    )
    agent = agents.make(stub.name)
    said = stub.ask(agent, 1) + stub.ask(agent, 2, protocol="tools") + stub.ask(agent, 3, protocol="tools")
    assert said[0] == "your key is ***." and "what is ***" in said[1] and KEY not in "".join(said)
    (store,) = (tmp_path / "store").glob("*.sqlite")
    rows = sqlite3.connect(store).execute("SELECT reply FROM replies").fetchall()
    assert len(rows) == 3 and not any(KEY.encode() in row[0] or b"0073k" in row[0] for row in rows)


def test_a_key_as_short_as_a_word_changes_no_reply(stub, monkeypatch: pytest.MonkeyPatch):
    """Local servers are given "EMPTY"."""
    monkeypatch.setenv("BERRYPICK_CHAT_KEY", "EMPTY")
    stub.answer = lambda asked, number: stub.says("EMPTY is the answer")
    assert stub.ask(agents.make(stub.name), 1) == ["EMPTY is the answer"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CALL = st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": st.text(max_size=8), "arguments": ANY})})
MESSAGE = st.fixed_dictionaries({"content": ANY, "tool_calls": st.lists(CALL, max_size=2) | ANY})
SENT = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"message": MESSAGE}), max_size=2), "usage": ANY}
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=200), SENT.map(lambda value: json.dumps(value).encode())))
def test_any_reply_is_read_or_refused_and_stays_readable(data: bytes):
    """Whatever is accepted gives an action, is masked, and can be kept and read back."""
    try:
        reply = replies.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    hidden = replies.masked(reply, KEY)
    assert replies.decode(msgspec.json.encode(hidden)) == hidden
    for native in (False, True):
        assert isinstance(replies.action(hidden, native), str)
    for count in (hidden.usage or Usage()).prompt_tokens, (hidden.usage or Usage()).completion_tokens:
        assert count is None or 0 <= count <= MOST_TOKENS
