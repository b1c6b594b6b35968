"""The store of replies: where it lies, several processes, damage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from berrypick import agents, io
from berrypick.agents.base import AgentDown
from berrypick.agents.chat.cache import Store, place
from berrypick.agents.chat.replies import Choice, Message, Reply, Usage

REPLY = Reply([Choice(Message("été \x00"))], Usage(7, None), 0.5)


def test_where_replies_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BERRYPICK_CHAT_STORE", raising=False)
    kept = place("http://127.0.0.1:8000/v1", "org/llama3:8b")
    assert kept == io.home() / "chat" / "127.0.0.1-8000-v1-org-llama3-8b.sqlite"
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", str(tmp_path))
    assert place("http://h", "x" * 999).parent == tmp_path and len(place("http://h", "x" * 999).name) < 200
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", "off")
    assert place("http://h", "m") is None


def test_a_reply_comes_back_equal_in_another_store(tmp_path: Path):
    path = tmp_path / "a" / "b.sqlite"
    first = Store(path)
    first.put("k", REPLY)
    first.put("k", REPLY)
    assert Store(path).get("k") == first.get("k") == REPLY
    assert first.get("other") is None


def test_in_memory_nothing_is_shared():
    first = Store(None)
    first.put("k", REPLY)
    assert first.get("k") == REPLY and Store(None).get("k") is None


WRITE = """
import sys
from pathlib import Path
from berrypick.agents.chat.replies import Choice, Message, Reply
from berrypick.agents.chat.cache import Store
store = Store(Path(sys.argv[1]))
for n in range(40):
    store.put(f"{sys.argv[2]} {n}", Reply([Choice(Message(sys.argv[2]))]))
"""


def test_several_processes_write_at_once(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(who)]) for who in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    store = Store(path)
    assert all(store.get(f"{who} {n}") == Reply([Choice(Message(str(who)))]) for who in range(3) for n in range(40))


def test_a_store_that_cannot_be_used_ends_the_run_before_anything_is_paid(stub):
    path = place(stub.url, "org/stub:8b")
    path.parent.mkdir()
    path.write_bytes(b"this is no database, whatever its name says" * 99)
    with pytest.raises(AgentDown, match=f"^{path}: cannot keep replies here .*BERRYPICK_CHAT_STORE"):
        stub.ask(agents.make(stub.name), 1)
    assert stub.asked == []


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(AgentDown, match="cannot keep replies here"):
        Store(tmp_path / "file" / "s.sqlite")


def test_a_reply_that_cannot_be_read_is_no_reply(tmp_path: Path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store._rows.execute("INSERT INTO replies VALUES ('k', '{}')")
    with pytest.raises(AgentDown, match="choices"):
        store.get("k")
