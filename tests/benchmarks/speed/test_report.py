"""The table of speeds: every number worked out by hand from a small run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from berrypick.benchmarks.speed import report
from berrypick.benchmarks.speed.report import Report, Result
from berrypick.benchmarks.speed.rows import MEASURES, ROWS, SpeedRow

ROOT = Path(__file__).resolve().parents[3]


def timed(group: str, way: str, *medians: float, **more: float) -> list[dict[str, Any]]:
    """What pytest-benchmark writes of one way, block by block."""
    return [
        {"group": group, "extra_info": {"way": way, "block": block, **more}, "stats": {"median": median}}
        for block, median in enumerate(medians)
    ]


def run(*benchmarks: list[dict[str, Any]], skipped: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "benchmarks": [bench for several in benchmarks for bench in several],
        "skipped": skipped or {},
        "datetime": "2026-01-02T03:04:05",
        "commit_info": {"id": "0123456789abcdef", "dirty": False},
        "machine_info": {
            "cpu": {"brand_raw": "Abacus"},
            "cores": 2,
            "system": "Linux",
            "python_version": "3.11.7",
            "versions": {"tantivy": "0.27.0"},
        },
    }


def only(raw: dict[str, Any], measure: str, target: float | None = None, peer: str = "theirs") -> Result:
    (result,) = report.read(raw, [SpeedRow("it", "bench/case", "ours", peer, measure, target)]).rows
    return result


#: Blocks of 2, 4, 3 ms against 1, 1, 2 ms: 2, 4 and 1.5 times as long; the medians alone would give 3 / 1.
PAIR = (timed("bench/case", "ours", 0.002, 0.004, 0.003), timed("bench/case", "theirs", 0.001, 0.001, 0.002))


def test_a_ratio_is_the_median_of_the_blocks():
    result = only(run(*PAIR), "times as long", 2.0)
    assert (result.value, result.low, result.high) == (2.0, 1.5, 4.0)
    assert (result.ours_seconds, result.peer_seconds) == (0.003, 0.001)
    assert (result.unit, result.better, result.verdict, result.note) == ("x", "<=", "met", "")


def test_faster_is_the_other_way_round():
    # 1/2, 1/4 and 2/3.
    result = only(run(*PAIR), "times faster", 0.5)
    assert (result.value, result.low, result.high) == (0.5, 0.25, pytest.approx(2 / 3))
    assert (result.better, result.verdict) == (">=", "met")


def test_longer_is_a_difference_in_microseconds():
    # 1, 3 and 1 ms.
    result = only(run(*PAIR), "longer", 150)
    assert result.value == pytest.approx(1000) and result.high == pytest.approx(3000)
    assert (result.unit, result.verdict) == ("us", "missed")


@pytest.mark.parametrize(
    ("measure", "value", "unit"),
    [("time", 0.25, "s"), ("time in ms", 250, "ms"), ("steps", 800, "/s"), ("memory", 1.5, "GB")],
)
def test_rows_without_a_peer(measure: str, value: float, unit: str):
    # 200 steps in .25 s are 800 a second.
    result = only(run(timed("bench/case", "ours", 0.25, steps=200, gigabytes=1.5)), measure, peer="")
    assert (result.value, result.unit, result.verdict) == (value, unit, "")
    assert (result.peer, result.peer_seconds) == ("", None)


@pytest.mark.parametrize(
    ("measure", "target", "verdict"),
    [
        ("times as long", 1.999, "missed"),
        ("times as long", 2.0, "met"),
        ("times faster", 0.501, "missed"),
        ("times faster", 0.5, "met"),
        ("times faster", None, ""),
    ],
)
def test_near_misses(measure: str, target: float | None, verdict: str):
    assert only(run(*PAIR), measure, target).verdict == verdict


def test_what_was_skipped_says_why():
    result = only(run(skipped={"bench": "there is no abacus"}), "times faster", 1.5)
    assert (result.value, result.low, result.ours_seconds) == (None, None, None)
    assert (result.verdict, result.note) == ("not measured", "there is no abacus")


def test_one_way_without_the_other_is_an_error():
    with pytest.raises(ValueError, match=r"bench/case.*ours.*\[0, 1, 2\].*theirs.*\[\]"):
        only(run(PAIR[0]), "times faster")


def test_what_is_written_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    row = next(row for row in ROWS if row.peer == "tantivy")
    raw = run(timed(row.group, row.ours, 27e-6), timed(row.group, row.peer, 20e-6), skipped={"large": "too large"})
    others = {(r.group, way) for r in ROWS for way in (r.ours, r.peer) if way and r.group == row.group} - {
        (row.group, row.ours),
        (row.group, row.peer),
    }
    raw["benchmarks"] += [bench for group, way in sorted(others) for bench in timed(group, way, 1.5)]
    (tmp_path / "raw.json").write_bytes(msgspec.json.encode(raw))
    report.main(tmp_path / "raw.json", tmp_path / "out")
    written = msgspec.json.decode((tmp_path / "out" / "speed.json").read_bytes(), type=Report)
    assert written == report.read(raw)
    page = (tmp_path / "out" / "speed.md").read_text()
    # 27 / 20 = 1.35; three digits, times in the unit that suits them.
    assert f"| {row.what} | bm25 27 us | tantivy 20 us | 1.35 x | 1.35-1.35 | <= 1.5 x | met |" in page
    assert "`make speed` at 0123456789, 2026-01-02: Abacus, 2 cores, Linux, Python 3.11.7, one thread." in page
    assert page.count("Not measured: too large.") == 1
    printed = capsys.readouterr().out
    assert "1.35 x" in printed and "Not measured: too large." in printed


def test_every_row_has_its_bench_and_no_row_stands_twice():
    files = {path.stem.removeprefix("test_") for path in ROOT.glob("*/speed/test_*.py")}
    assert {row.group.partition("/")[0] for row in ROWS} == files
    assert len({(row.group, row.ours, row.peer, row.measure) for row in ROWS}) == len(ROWS) > 20
    assert {row.measure for row in ROWS} == set(MEASURES)
