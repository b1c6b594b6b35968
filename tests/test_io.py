"""Nothing half-written is ever visible; bad rows are named by file, line and field."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from berrypick import io
from berrypick.errors import BadInput
from berrypick.records import Attestation, Document


def test_home_is_the_variable_else_the_user_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("BERRYPICK_HOME", str(tmp_path))
    assert io.home() == tmp_path
    monkeypatch.delenv("BERRYPICK_HOME")
    assert io.home().name == "berrypick"


def test_write_bytes_replaces_the_whole_file(tmp_path: Path):
    path = tmp_path / "new" / "file"
    io.write_bytes(path, b"old, longer")
    io.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    io.write_bytes(path, b"old")

    def full(handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        io.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_appears_when_it_is_full(tmp_path: Path):
    path = tmp_path / "deep" / "folder"
    with io.new_folder(path) as draft:
        (draft / "file").write_text("x")
        assert not path.exists() and draft.parent == path.parent
    assert (path / "file").read_text() == "x"
    assert [entry.name for entry in path.parent.iterdir()] == ["folder"]


def test_a_failed_folder_leaves_nothing(tmp_path: Path):
    with pytest.raises(RuntimeError, match="half-way"), io.new_folder(tmp_path / "folder") as draft:
        (draft / "file").write_text("x")
        raise RuntimeError("half-way")
    assert list(tmp_path.iterdir()) == []


def test_the_first_folder_wins(tmp_path: Path):
    path = tmp_path / "folder"
    with io.new_folder(path) as slow:
        (slow / "file").write_text("slow")
        with io.new_folder(path) as fast:
            (fast / "file").write_text("fast")
    assert (path / "file").read_text() == "fast"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_is_an_error(tmp_path: Path):
    path = tmp_path / "folder"
    path.write_text("not a folder")
    with pytest.raises(OSError), io.new_folder(path) as draft:
        (draft / "file").write_text("x")
    assert path.read_text() == "not a folder"


HOLD = """
import sys, time
from pathlib import Path
from berrypick import io as files
with files.new_folder(Path(sys.argv[1])) as draft:
    (draft / "half").write_text("x")
    print(draft.name, flush=True)
    time.sleep(60)
"""


def _holder(path: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-P", "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("name", ["folder", "wiki[1]*", "a.b"])
def test_drafts_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path: Path, name: str):
    path = tmp_path / name
    killed, dead = _holder(path)
    living, alive = _holder(path)
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert (tmp_path / dead / "half").is_file()
        with io.new_folder(path) as draft:
            (draft / "whole").write_text("y")
        assert not (tmp_path / dead).exists()
        assert (tmp_path / alive / "half").is_file()
        assert [entry.name for entry in path.iterdir()] == ["whole"]
    finally:
        living.kill()
        living.wait()


def test_a_draft_of_a_longer_name_is_not_swept(tmp_path: Path):
    """Of "wiki.99999999" a draft is being made; to "wiki" it must not look like one left by process 99999999."""
    with io.new_folder(tmp_path / "wiki.99999999") as other:
        with io.new_folder(tmp_path / "wiki"):
            pass
        assert other.is_dir()


def test_sha256_by_hand(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    assert io.sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_jsonl_round_trip(tmp_path: Path):
    rows = [Attestation("d1", 2, "roster"), Attestation("d2\u2028\n", None)]
    (tmp_path / "rows").write_bytes(io.jsonl(rows))
    assert io.read_jsonl(tmp_path / "rows", Attestation) == rows
    (tmp_path / "rows").write_bytes(b"\n" + io.jsonl(rows) + b"  \n")
    assert io.read_jsonl(tmp_path / "rows", Attestation) == rows
    assert io.jsonl([]) == b""


GOOD = b'{"id":"a","title":"A","sentences":["x"]}\n'


@pytest.mark.parametrize(
    ("row", "line", "field", "reason"),
    [
        (b'{"id":"b","title":7,"sentences":[]}', 2, "title", "Expected `str`, got `int`"),
        (b'{"id":"b","title":"B","sentences":["x",1]}', 2, "sentences[1]", "Expected `str`, got `int`"),
        (b'{"id":"b","title":"B"}', 2, None, "missing required field `sentences`"),
        (b'{"id":"b","title":"B","sentences":[],"text":""}', 2, None, "unknown field `text`"),
        (b'{"id":"b","title":"B","sentences":[', 2, None, "not valid JSON"),
        (b'{"id":"\xff","title":"B","sentences":[]}', 2, None, "not valid JSON"),
        (b"null", 2, None, "Expected `object`, got `null`"),
        (b"[" * 100_000, 2, None, ""),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: bytes, line: int, field: str | None, reason: str):
    path = tmp_path / "documents.jsonl"
    path.write_bytes(GOOD + row + b"\n" + GOOD)
    with pytest.raises(BadInput) as caught:
        io.read_jsonl(path, Document)
    assert (caught.value.file, caught.value.line, caught.value.field) == (path, line, field)
    assert reason in caught.value.reason
    assert f"documents.jsonl, line {line}" in str(caught.value)


def test_decode_returns_the_value(tmp_path: Path):
    assert io.decode(b"[1,2]", msgspec.json.Decoder(list[int]), tmp_path) == [1, 2]


def test_a_locked_folder_is_for_one_until_it_is_let_go(tmp_path: Path):
    """A second handle on the lock is refused even in one process; a killed process holds nothing."""
    with io.locked(tmp_path / "new"), pytest.raises(BadInput, match="another process is at work here"):
        with io.locked(tmp_path / "new", patience=0.1):
            raise AssertionError("two have it")
    script = "import os, sys; from pathlib import Path; from berrypick import io as files\n"
    script += "with files.locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "new")])
    assert done.returncode == -signal.SIGKILL
    with io.locked(tmp_path / "new"):
        pass
