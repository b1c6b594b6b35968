"""The page about scale, from figures that are made up; measuring itself on the smallest corpus is slow."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from berrypick.benchmarks import provenance
from berrypick.benchmarks.studies.scale import main
from berrypick.benchmarks.studies.scale import page as scale_page
from berrypick.benchmarks.studies.scale.measure import STEPS, Figures


def figures(documents: float) -> Figures:
    """All alike, but for a search of bm25, which grows as the square root: 2 ms at 10,000 documents."""
    names = [*scale_page.COST, *scale_page.QUALITY, *scale_page.PLAYED, *scale_page.GROWTH]
    return {**dict.fromkeys(names, 0.5), "documents": documents, "bm25_p50_ms": 0.02 * documents**0.5}


SIZES = {"small": figures(1000), "middle": figures(10_000), "large": figures(100_000)}


def test_a_power_law_is_fitted_to_logarithms() -> None:
    exact = scale_page.fit([1, 10, 100], [3, 30, 300])
    assert exact == pytest.approx((1.0, 0.0), abs=1e-6)
    # log10: x = 0, 1, 2 and y = 0, 2, 1. Slope = sum(dx dy) / sum(dx^2) = ((-1)(-1) + 0 + (1)(0)) / 2 = 0.5.
    # Residuals -0.5, 1, -0.5: sum of squares 1.5; error = sqrt(1.5 / (3 - 2) / 2) = 0.8660.
    bent = scale_page.fit([1, 10, 100], [1, 100, 10])
    assert bent == pytest.approx((0.5, 0.8660), abs=1e-4)


def test_the_page_its_picture_and_its_tables(tmp_path: Path) -> None:
    source = provenance.collect(["python", "-m", "x", "<&>"], {}, {}, {})
    page = scale_page.write(SIZES, source, tmp_path)
    text = page.read_text()
    assert "x &#x27;&lt;&amp;&gt;&#x27;" in text and "$" not in text.split("</style>")[1]
    assert "<td>bm25: median search, ms</td><td>0.50 &plusmn; 0.00</td>" in text
    assert "<td>bm25: search p50, ms</td><td>0.63</td><td>2.00</td><td>6.32</td>" in text
    assert "<td>documents</td><td>1,000</td><td>10,000</td><td>100,000</td>" in text
    assert "src=" in text and "http" not in text
    assert (tmp_path / "scale.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    fits = {row["figure"]: row for row in csv.DictReader((tmp_path / "exponents.csv").open())}
    assert fits["bm25_p50_ms"] == {"figure": "bm25_p50_ms", "exponent": "0.5000", "standard_error": "0.0000"}
    assert {*fits} == {*scale_page.GROWTH}
    rows = [row for row in csv.DictReader((tmp_path / "scale.csv").open()) if row["figure"] == "bm25_p50_ms"]
    assert [(row["corpus"], row["documents"], row["value"]) for row in rows] == [
        ("small", "1000", "0.632456"),
        ("middle", "10000", "2"),
        ("large", "100000", "6.32456"),
    ]


def test_equal_figures_give_equal_bytes(tmp_path: Path) -> None:
    source = provenance.collect(["x"], {}, {}, {})
    for name in ("one", "two"):
        scale_page.write(SIZES, source, tmp_path / name)
    for file in ("scale.html", "scale.png", "scale.csv", "exponents.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.slow
def test_a_size_is_measured_once_and_has_every_figure_of_the_page(tmp_path: Path) -> None:
    found: Figures = {}
    for step in STEPS:
        found |= main.measure("almanac-1k", step, tmp_path, tmp_path / "home")
    assert {*scale_page.COST, *scale_page.QUALITY, *scale_page.PLAYED} <= {*found}
    assert found["documents"] == 1041 and 0 < found["bm25_p50_ms"] <= found["bm25_p95_ms"]
    assert found["scripted:reformulate-on-miss_EM"] > found["scripted:names-only_EM"]
    kept = tmp_path / "steps" / "almanac-1k-bm25.json"
    kept.write_text('{"bm25_p50_ms": 7.0}')
    assert main.measure("almanac-1k", "bm25", tmp_path, tmp_path / "home") == {"bm25_p50_ms": 7.0}
