"""Result files: one form, read strictly, equal bytes for equal content."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from berrypick.benchmarks import result
from berrypick.benchmarks.metrics.table import TaskOutcomes
from berrypick.benchmarks.result import Result
from berrypick.errors import BadInput
from berrypick.records import Episode, Step

STEP = Step("<answer>x</answer>", "00", (), (), 1)


def episode(cell: int, question: str, rollout: int) -> Episode:
    return Episode(1, cell, question, rollout, "ok", (STEP,), "x", 0.0, True, False)


TASK = TaskOutcomes(0, 3, "q", "bridge", 2, (), (), 2)


@pytest.fixture
def folder(make_result: Callable[..., Result], tmp_path: Path) -> Path:
    episodes = [episode(1, "a", 0), episode(0, "b", 1), episode(0, "b", 0), episode(0, "a", 10), episode(0, "a", 9)]
    result.write(tmp_path, make_result("mixture", 0.5), episodes, [TASK])
    return tmp_path


def test_what_was_written_is_read_back(folder: Path, make_result: Callable[..., Result]):
    assert result.read(folder) == make_result("mixture", 0.5)
    assert result.read_outcomes(folder) == [TASK]


def test_the_contract_of_the_schema(folder: Path):
    data = json.loads((folder / "result.json").read_text())
    assert {"schema", "agent", "suite", "seed", "metrics", "cells", "questions", "provenance"} <= set(data)
    assert data["schema"] == 1
    assert set(data["metrics"]["EM"]) == {"value", "low", "high", "n"}
    assert {"env", "knockouts", "faults", "metrics"} <= set(data["cells"][0])
    assert data["cells"][0]["knockouts"] == []


def test_episodes_are_sorted_by_cell_question_and_rollout(folder: Path):
    order = [(each.cell, each.question_id, each.rollout) for each in result.read_episodes(folder)]
    assert order == [(0, "a", 9), (0, "a", 10), (0, "b", 0), (0, "b", 1), (1, "a", 0)]


def test_an_episode_line_has_the_fields_of_the_format(folder: Path):
    line = json.loads(gzip.decompress((folder / "episodes.jsonl.gz").read_bytes()).splitlines()[0])
    assert set(line) == {
        "schema", "cell", "question_id", "rollout", "status", "steps", "answer", "reward", "terminated", "truncated",
    }  # fmt: skip
    assert set(line["steps"][0]) == {"action", "obs_sha256", "doc_ids", "scores", "tokens"}


def test_gzip_holds_no_time_stamp(folder: Path):
    assert (folder / "episodes.jsonl.gz").read_bytes()[4:8] == b"\0\0\0\0"


def test_canonical_json_sorts_keys_at_every_depth():
    assert result.canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{\n "a": {\n  "c": 3,\n  "d": 2\n },\n "b": 1\n}\n'


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "0"}, "seed"),
        ({"metrics": {"EM": {"value": 1}}}, "metrics"),
        ({"extra": 1}, "extra"),
        ({"schema": 2}, "schema"),
    ],
)
def test_a_result_that_does_not_fit_is_refused_by_file_and_field(folder: Path, change: dict[str, object], field: str):
    data = json.loads((folder / "result.json").read_text()) | change
    (folder / "result.json").write_text(json.dumps(data))
    with pytest.raises(BadInput) as caught:
        result.read(folder)
    assert "result.json" in str(caught.value) and field in str(caught.value)


def test_a_missing_result_says_what_makes_one(tmp_path: Path):
    with pytest.raises(BadInput, match="berrypick bench"):
        result.read(tmp_path)


def test_a_truncated_file_is_named(folder: Path):
    path = folder / "episodes.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(BadInput, match=r"episodes\.jsonl\.gz.*not a whole gzip file"):
        result.read_episodes(folder)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ((b'"rollout":0', b'"rollout":"zero"'), "rollout"),
        ((b'"status":"ok"', b'"status":"fine"'), "status"),
        ((b'"schema":1', b'"schema":2'), "schema"),
    ],
)
def test_a_bad_row_is_named_by_line_and_field(folder: Path, change: tuple[bytes, bytes], field: str):
    path = folder / "episodes.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    lines[2] = lines[2].replace(*change)
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    with pytest.raises(BadInput) as caught:
        result.read_episodes(folder)
    assert (caught.value.line, caught.value.field) == (3, field)


def test_unpack_gives_a_record_back():
    assert msgspec.json.decode(gzip.decompress(result.squeeze(msgspec.json.encode(TASK))), type=TaskOutcomes) == TASK
