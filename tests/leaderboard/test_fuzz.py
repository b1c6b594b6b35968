"""Fuzz of what a stranger sends to the board: an entry and its episodes, value by value and byte by byte."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berrypick.leaderboard import entries, recorded, schema
from berrypick.leaderboard.untrusted import Rejected
from berrypick.leaderboard.verify import submission

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("9" * 400),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=6,
)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
WHOLE = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
#: Bytes of episodes that are expanded, at most.
MOST = 2**22


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value, outermost first."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [pair for inside in value.values() for pair in places(inside)]
    if isinstance(value, list):
        return [(value, at) for at in range(len(value))] + [pair for inside in value for pair in places(inside)]
    return []


def changed(value: Any, data: st.DataObject) -> Any:
    """Put something else, or nothing, into one place of a value."""
    value = json.loads(json.dumps(value))
    container, key = data.draw(st.sampled_from(places(value)))
    if data.draw(st.booleans()):
        container[key] = data.draw(ANY)
    elif isinstance(container, dict) and data.draw(st.booleans()):
        del container[key]
    elif isinstance(container, dict):
        container[data.draw(st.text(max_size=8))] = data.draw(ANY)
    return value


def overwritten(raw: bytes, data: st.DataObject) -> bytes:
    """Put a few bytes into, or cut off, a file."""
    at = data.draw(st.integers(0, len(raw)))
    put = data.draw(st.binary(max_size=16))
    return raw[:at] + put + (raw[at + len(put) :] if data.draw(st.booleans()) else b"")


def _decoded(raw: bytes) -> None:
    try:
        entry = entries.decode(raw, Path("entry.json"))
    except Rejected as error:
        assert "\n" not in str(error) and len(str(error)) < 4000
    else:
        assert entries.decode(raw, Path("entry.json")) == entry


@FEW
@given(st.data())
def test_an_entry_with_another_value_is_read_or_rejected(honest: Path, data: st.DataObject):
    entry = json.loads((honest / schema.ENTRY).read_bytes())
    _decoded(json.dumps(changed(entry, data)).encode("utf-8", "surrogatepass"))


@FEW
@given(st.data())
def test_an_entry_with_other_bytes_is_read_or_rejected(honest: Path, data: st.DataObject):
    _decoded(overwritten((honest / schema.ENTRY).read_bytes(), data))


def _lines(file: Path) -> None:
    try:
        for line in recorded.read(file, MOST):
            assert len(line.episode.seen) == recorded.DIGITS * len(line.episode.actions)
    except Rejected as error:
        assert "\n" not in str(error) and len(str(error)) < 4000


@FEW
@given(st.data())
def test_episodes_with_other_bytes_are_read_or_rejected(honest: Path, tmp_path: Path, data: st.DataObject):
    file = tmp_path / recorded.EPISODES
    file.write_bytes(overwritten((honest / recorded.EPISODES).read_bytes(), data))
    _lines(file)


@FEW
@given(st.data(), st.sampled_from((recorded.EPISODES, recorded.OLD_EPISODES)))
def test_an_episode_with_another_value_is_read_or_rejected(
    honest: Path, tmp_path: Path, data: st.DataObject, name: str
):
    first = json.loads(lzma.decompress((honest / recorded.EPISODES).read_bytes()).splitlines()[0])
    squeeze = lzma.compress if name == recorded.EPISODES else gzip.compress
    line = json.dumps(changed(first, data)).encode("utf-8", "surrogatepass")
    (tmp_path / name).write_bytes(squeeze(line + b"\n"))
    _lines(tmp_path / name)


def _verified(honest: Path, folder: Path, data: st.DataObject) -> None:
    """Whatever is changed is named, or changed no number: verification raises nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(honest, folder)
    entry = json.loads((honest / schema.ENTRY).read_bytes())
    if data.draw(st.booleans()):
        entry = changed(entry, data)
    else:
        lines = lzma.decompress((honest / recorded.EPISODES).read_bytes()).splitlines()
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = json.dumps(changed(json.loads(lines[at]), data)).encode("utf-8", "surrogatepass")
        (folder / recorded.EPISODES).write_bytes(lzma.compress(b"\n".join(lines) + b"\n"))
        entry["episodes"] = hashlib.sha256((folder / recorded.EPISODES).read_bytes()).hexdigest()
    (folder / schema.ENTRY).write_bytes(json.dumps(entry).encode("utf-8", "surrogatepass"))
    verdict = submission.verify(folder)
    assert all("\n" not in problem for problem in verdict.problems)
    if not verdict.problems:
        assert verdict.here is not None and verdict.here.metrics.keys() >= {"EM"}


@pytest.mark.slow
@MANY
@given(st.data())
def test_an_entry_with_another_value_at_length(honest: Path, data: st.DataObject):
    entry = json.loads((honest / schema.ENTRY).read_bytes())
    _decoded(json.dumps(changed(entry, data)).encode("utf-8", "surrogatepass"))


@pytest.mark.slow
@WHOLE
@given(st.data())
def test_a_submission_with_another_value_is_verified_or_rejected(honest: Path, tmp_path: Path, data: st.DataObject):
    _verified(honest, tmp_path / "honest", data)
