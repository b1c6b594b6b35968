"""The tamper suite, below what the records say: bytes, sizes, links, and files that do not belong."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

from berrypick.leaderboard import entries, untrusted
from berrypick.leaderboard.verify import submission

#: Episodes of the submission.
ALL = 3 * 3 * 4 * 3
#: conftest's ``Submission``, which cannot be imported.
Forged = Any


def test_episodes_without_their_hash(forged: Forged):
    forged.entry["episodes"] = "0" * 64
    forged.write_entry(json.dumps(forged.entry).encode())
    assert "field 'episodes': is 000000000000, the file's sha256 is" in forged.problems()[0]


def refuse_bytes(forged: Forged, packed: bytes) -> str:
    forged.write_episodes(packed)
    (problem,) = forged.problems()
    assert "episodes.jsonl.gz, line" in problem
    return str(problem)


@pytest.mark.parametrize("kind", ["forged", "packed"])
def test_episodes_that_are_exchanged_once_they_were_hashed(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    """Somebody who writes into the folder while it is verified: what is replayed must be what was hashed."""
    made = request.getfixturevalue(kind)
    honest, hashed = made.file.read_bytes(), untrusted.sha256
    line = made.lines[-1]
    if kind == "packed":
        line["tokens"] = [number + 1 for number in line["tokens"]]
    else:
        line["steps"] = [step | {"tokens": step["tokens"] + 1} for step in line["steps"]]
    made.save()
    other = made.file.read_bytes()
    made.write_episodes(honest)

    def exchanged(path: Path, most: int) -> str:
        digest = hashed(path, most)
        path.write_bytes(other)
        return digest

    monkeypatch.setattr(untrusted, "sha256", exchanged)
    (problem,) = made.problems()
    assert "changed while it was read" in problem


def test_what_is_written_down_as_verified_is_the_entry_that_was_read(forged: Forged, monkeypatch: pytest.MonkeyPatch):
    read, honest = entries.read_hashed, (forged.path / "entry.json").read_bytes()

    def exchanged(path: Path) -> Any:
        found = read(path)
        (path / "entry.json").write_bytes(b"{}")
        return found

    monkeypatch.setattr(entries, "read_hashed", exchanged)
    assert submission.verify(forged.path).entry == hashlib.sha256(honest).hexdigest()


def test_truncated_gzip(forged: Forged):
    packed = (forged.path / "episodes.jsonl.gz").read_bytes()
    for cut in (1, 5, len(packed) // 2, len(packed) - 3):
        assert "not a whole gzip file" in refuse_bytes(forged, packed[:cut])


def test_no_gzip(forged: Forged):
    assert "line 1: not a whole gzip file" in refuse_bytes(forged, b"{}\n")


def test_something_after_the_gzip(forged: Forged):
    packed = (forged.path / "episodes.jsonl.gz").read_bytes()
    assert "not a whole gzip file" in refuse_bytes(forged, packed + b"#!/bin/sh")


def test_a_line_of_ten_gigabytes(forged: Forged):
    """640 blocks of 16 MiB without a line's end, ten megabytes on disk; 384 are no larger than a file may be."""
    start, deflate = gzip.compress(b"")[:10], zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = deflate.compress(b"a" * 2**24) + deflate.flush(zlib.Z_FULL_FLUSH)
    forged.write_episodes(start + block * 640)
    assert "episodes.jsonl.gz: is larger than 7077888 bytes" in forged.problems()[0]
    tracemalloc.start()
    problem = refuse_bytes(forged, start + block * 384)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "line 1: is longer than 4194304 bytes" in problem
    assert peak < 64 * 2**20


def test_padding_behind_the_gzip(forged: Forged):
    packed = (forged.path / "episodes.jsonl.gz").read_bytes()
    assert "something stands behind its end" in refuse_bytes(forged, packed + b"\0" * 2**22)


def test_a_gzip_bomb_of_lines(forged: Forged):
    assert "line 1: not valid JSON" in refuse_bytes(forged, gzip.compress(b"\n" * 2**26))
    whole = (json.dumps(forged.lines[0]) + "\n").encode() * 50_000
    assert "line 2: rollout 0 of question" in refuse_bytes(forged, gzip.compress(whole))


STRANGE: list[tuple[bytes, str]] = [
    (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    (b'{"steps":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
    (b'{"reward":NaN}', "NaN is no number"),
    (b'{"reward":-Infinity}', "-Infinity is no number"),
    (b'{"reward":1e999}', "1e999 is too large a number"),
    (b'{"cell":' + b"9" * 400 + b"}", "a whole number has 400 digits, more than 18"),
    (b'{"cell":0,"cell":1}', "the key 'cell' stands twice"),
    (b'{"answer":"\xff"}', "not valid UTF-8 (byte 11)"),
    (b'{"answer":"a\x00"}', "not valid JSON"),
    (b"\xef\xbb\xbf{}", "not valid JSON"),
    (b"null", "Expected `object`, got `null`"),
    (b"{}", "Object missing required field"),
    (b"{", "not valid JSON"),
    (b"{}{}", "not valid JSON"),
]


@pytest.mark.parametrize(("text", "message"), STRANGE, ids=[message for _, message in STRANGE])
def test_strange_json(text: bytes, message: str, forged: Forged):
    """In a line of episodes, and in the entry."""
    line = json.dumps(forged.lines[0]).encode()
    assert f"line 2: {message}" in refuse_bytes(forged, gzip.compress(line + b"\n" + text + b"\n"))
    forged.write_entry(text)
    (problem,) = forged.problems()
    assert f"entry.json: {message}" in problem


def test_a_huge_entry(forged: Forged):
    forged.write_entry(b" " * (2**22 + 1))
    assert "entry.json: is larger than 4194304 bytes" in forged.problems()[0]


@pytest.mark.parametrize("name", ["entry.json", "episodes.jsonl.gz"])
def test_links_and_pipes_are_not_followed(name: str, forged: Forged, tmp_path: Path):
    file = forged.path / name
    kept = tmp_path / "kept"
    shutil.move(file, kept)
    gone = name.replace(".gz", ".xz")  # schema 2 is what is missed where there is neither
    assert f"{gone}: is not there" in forged.problems()[0]
    file.symlink_to(kept)
    assert f"{name}: is no regular file" in forged.problems()[0]
    file.unlink()
    os.mkfifo(file)
    assert f"{name}: is no regular file" in forged.problems()[0]
    file.unlink()
    file.mkdir()
    assert f"{name}: is no regular file" in forged.problems()[0]


def test_a_linked_folder(forged: Forged, tmp_path: Path):
    shutil.move(forged.path, tmp_path / "elsewhere")
    forged.path.symlink_to(tmp_path / "elsewhere")
    assert "is a symbolic link or no folder" in forged.problems()[0]


def test_a_folder_whose_name_a_terminal_would_act_on(forged: Forged):
    forged.path = forged.path.rename(forged.path.with_name("\x1b[2J"))
    (problem,) = forged.problems()
    assert problem.endswith("\\x1b[2J: is no name of a submission") and problem.isprintable()


def test_other_files_are_no_part_of_it(forged: Forged):
    (forged.path / "run.py").write_text("raise SystemExit")
    assert "run.py is no part of a submission" in forged.problems()[0]


def test_nothing_is_written(forged: Forged, tmp_path: Path):
    forged.lines[0]["question_id"] = "../../../escaped"
    forged.save()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    forged.problems()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
