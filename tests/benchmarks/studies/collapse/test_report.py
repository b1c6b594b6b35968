"""Training runs read and analysed together, and the pages about them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pytest
from matplotlib.image import imread

from berrypick.agents.training import run_dir as folders
from berrypick.agents.training.run_dir import OTHER, Line
from berrypick.benchmarks.report import html
from berrypick.benchmarks.studies.collapse import page as collapse_page
from berrypick.benchmarks.studies.collapse import plots, report, tables
from berrypick.benchmarks.studies.collapse.report import Collapse, Pair, Run
from berrypick.cli.main import main
from berrypick.errors import BadInput

Analysed = tuple[list[Run], list[Collapse], list[Pair]]


@pytest.fixture(scope="module")
def paths(make_training: Callable[..., Path]) -> list[Path]:
    """Two seeds of a method that collapses, and one that does not."""
    return [make_training(), make_training(seed=1), make_training("fitness_sharing", collapses=False)]


@pytest.fixture(scope="module")
def analysed(paths: list[Path]) -> Analysed:
    runs = report.read(paths)
    return (runs, *report.analyse(runs))


@pytest.fixture(scope="module")
def drawn(analysed: Analysed) -> dict[str, bytes]:
    runs, found, _ = analysed
    return plots.draw_all(runs, found)


@pytest.fixture(scope="module")
def page(analysed: Analysed, drawn: dict[str, bytes]) -> str:
    return collapse_page.render(*analysed, drawn)


def words(page: str) -> str:
    """What a reader sees, blanks squeezed."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)))


def test_runs_are_told_apart(paths: list[Path]):
    assert [run.label for run in report.read(paths)] == ["grpo seed 0", "grpo seed 1", "fitness_sharing seed 0"]
    twice = [run.label for run in report.read([paths[0], paths[0]])]
    assert twice == [f"grpo seed 0 ({paths[0]})"] * 2


def test_a_collapse_is_found_and_its_absence_too(analysed: Analysed):
    _, (first, _, wide), _ = analysed
    assert first.alarms["entropy"] is not None and first.falls["strategies"] is not None
    assert first.alarms["entropy"] < first.falls["strategies"]
    assert first.law.fit is not None and first.law.fit.a == pytest.approx(0.4, abs=0.03)
    assert first.amplification.rows[0].rank == 4
    assert set((wide.alarms | wide.falls | wide.phases).values()) == {None}
    assert wide.law.reason.startswith("entropy hardly moved")


def test_tokens_groups_and_reference_answers_by_hand(analysed: Analysed):
    """Of 900 tokens a step, 360 plan, 90 are strategic, 225 were dropped; R3's correlation is .40 and .41 by turns."""
    first = analysed[0][0]
    shown = words(tables.credit([first]))
    assert shown.endswith("grpo seed 0 0.40 0.10 0.25 0.41 0.30 ") or shown.endswith("0.40 0.10 0.25 0.40 0.30 ")
    blank = first._replace(
        lines=[msgspec.structs.replace(line, tokens_dropped=None, reflection={}) for line in first.lines]
    )
    assert words(tables.credit([blank])).count(html.DASH) == 3


def test_second_attempts_and_demonstrations_by_hand(analysed: Analysed, line: Callable[..., Line]):
    """Six steps of 100 tokens; the last generates 300 more under critiques. Means of the first and the last five."""
    lines = [line(step, tokens=100, unsolved=step / 10, refinement={"tokens": 0.0, "apart": 0.0}) for step in range(5)]
    again = {"tokens": 300.0, "apart": 300.0, "solved": 0.25, "probability": 0.5}
    lines.append(line(5, tokens=100, unsolved=0.5, refinement=again, refresh={"loss": 1.5, "tokens": 1200.0}))
    run = analysed[0][0]._replace(lines=lines)
    # Unsolved .2 at first, .3 at last; 300 of 900 tokens.
    assert (
        words(tables.added([run]))
        .strip()
        .endswith(f"{run.label} 0.20 \u2192 0.30 0.33 0.25 \u2192 0.25 0.50 \u2192 0.50 1,200 1.50 \u2192 1.50")
    )
    assert tables.added([run._replace(lines=[line(0)])]) == ""


def test_updates_of_two_seeds_overlap_by_chance(analysed: Analysed):
    _, _, (seeds, methods, _) = analysed
    assert (seeds.first, seeds.second, seeds.seeds, methods.seeds) == ("grpo seed 0", "grpo seed 1", True, False)
    # Made up independently: of the 80 of 400 weights that moved most, 16 are expected to be the same; sd about 3.2.
    assert seeds.overlaps[1].share == 0.2 and seeds.overlaps[1].overlap == pytest.approx(0.2, abs=0.12)


def test_a_run_without_weights_says_why(make_training: Callable[..., Path]):
    path = make_training(steps=10)
    shutil.rmtree(path / folders.POLICY)
    runs = report.read([path])
    (found,), pairs = report.analyse(runs)
    assert found.update is None and found.unmeasured == f"{path / 'policy/model.safetensors'}: is not there"
    assert pairs == []
    page = words(collapse_page.render(runs, [found], pairs, {}))
    assert "grpo seed 0: not measured." in page and "Overlap of updates" not in page


def test_an_unfinished_run_is_read_and_says_so(make_training: Callable[..., Path]):
    path = make_training()
    whole = (path / folders.METRICS).read_bytes().splitlines(keepends=True)
    (path / folders.METRICS).write_bytes(b"".join(whole[:20]) + whole[20][:50])
    (run,) = report.read([path])
    assert len(run.lines) == 20 and run.cut
    assert collapse_page.facts([run]).endswith(
        "grpo seed 0 has 20 of 40 steps. grpo seed 0: the last line was cut off and is left out."
    )


def test_every_picture_has_something_on_it_and_a_reading(drawn: dict[str, bytes]):
    assert list(drawn) == ["strategies", "success", "entropy", "law", "signals", "update"]
    assert set(drawn) == set(collapse_page.READING)
    for name, png in drawn.items():
        pixels = imread(BytesIO(png))
        assert pixels.shape[1] > 1000, name
        assert np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0).shape[0] > 20, f"{name} is empty"


def test_a_run_of_one_step_without_success_can_be_drawn(make_training: Callable[..., Path], line: Callable[..., Line]):
    (run,) = report.read([make_training(steps=1)])
    nothing = line(1, strategies={}, grounded=0.0, strategies_D2=None, dominant_share=None, logprob_correct=None)
    run = run._replace(lines=[nothing])
    found, _ = report.analyse([run])
    assert list(plots.draw_all([run], found)) == ["strategies", "success", "entropy", "signals", "update"]


def test_the_river_has_all_successes_in_it(line: Callable[..., Line], analysed: Analysed):
    step = line(1, strategies={"a > answer": 0.5, "b > answer": 0.3, OTHER: 0.2})
    # b has no colour, and what the step did not name has none either.
    assert plots.layers(step, ["a > answer"]) == [0.5, pytest.approx(0.5)]
    assert plots.layers(line(1, strategies={}), ["a > answer"]) == [0.0, 0.0]
    named = plots.commonest(analysed[0])
    assert len(named) == 5 and OTHER not in named


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("bm25/asked/names:full > open/found/names > answer", "bm25 full name (asked) → open other names (found)"),
        ("dense:hf:a/b/both/whole > answer", "dense:hf:a/b whole question (both)"),
        ("answer", "answer at once"),
    ],
)  # fmt: skip
def test_strategies_are_worded_one_to_one(strategy: str, expected: str):
    assert plots.worded(strategy) == expected


class Tags(HTMLParser):
    """Collects what a page loads, and checks that tags close in order."""

    VOID = ("meta", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(page: str):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.loads) == 6 and all(source.startswith("data:image/png;base64,") for source in tags.loads)
    assert not re.search(r"https?://|<script|@import|url\(", page)


def test_the_page_says_what_was_found(page: str, analysed: Analysed):
    text, first = words(page), analysed[1][0]
    assert text.count("grpo seed 1") >= 6
    entropy, strategies = first.alarms["entropy"], first.falls["strategies"]
    assert entropy is not None and strategies is not None
    assert f"strategies: entropy by {strategies - entropy}" in text
    assert "the one that won was number 4 at the start" in text
    assert "not fitted: entropy hardly moved" in text
    assert "float32 in training, stored float32 → float32; lr 0.0002, 40 steps" in text
    assert "top 20% (chance 0.20)" in text and "equal as bfloat16" in text
    assert ": 12 questions x 8 rollouts a step, 4 updates." in text


def test_foreign_names_are_text(analysed: Analysed):
    runs, found, _ = analysed
    config = msgspec.structs.replace(runs[0].config, start="<b>start</b>", options={"x": "<i>"})
    page = collapse_page.render([runs[0]._replace(config=config, label="<u>")], found[:1], [], {})
    assert not re.search(r"<(b|i|u)>", page)


def test_report_takes_training_runs(paths: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", str(paths[0])]) == 0
    assert (paths[0] / "report.html").is_file() and (paths[0] / "strategies.png").is_file()
    for number, path in enumerate(paths[:2]):
        shutil.copytree(path, tmp_path / "runs" / str(number))
    assert main(["report", str(tmp_path / "runs"), "--out", str(tmp_path / "a")]) == 0
    assert main(["report", *map(str, paths[:2]), "--out", str(tmp_path / "b")]) == 0
    assert f"Report: {tmp_path / 'a' / 'report.html'}" in capsys.readouterr().out
    numbers = [(tmp_path / name / "collapse.json").read_bytes() for name in "ab"]
    assert numbers[0] == numbers[1], "wherever it is written, the same runs give the same numbers"
    assert [run["label"] for run in json.loads(numbers[0])["runs"]] == ["grpo seed 0", "grpo seed 1"]


def test_report_takes_one_kind_at_a_time(paths: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "result.json").write_text("{}")
    assert main(["report", str(paths[0]), str(tmp_path / "bench"), "--out", str(tmp_path)]) == 2
    assert "one kind at a time" in capsys.readouterr().err


def test_a_broken_line_is_named(make_training: Callable[..., Path]):
    path = make_training(steps=3)
    data = (path / folders.METRICS).read_bytes().replace(b'"step":2', b'"step":"two"')
    (path / folders.METRICS).write_bytes(data)
    with pytest.raises(BadInput, match=r"metrics\.jsonl, line 2, field 'step'"):
        report.read([path])
