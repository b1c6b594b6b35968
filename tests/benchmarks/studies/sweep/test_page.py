"""The page of a sweep, from made-up runs: whole or partial, honest about what is missing and what one seed says."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from berrypick import io as files
from berrypick.benchmarks.studies.sweep import config
from berrypick.benchmarks.studies.sweep import page as sweep_page
from berrypick.benchmarks.studies.sweep.config import ERROR, EVALUATION, TRAINING, Trial
from berrypick.errors import BadInput

FEW = ("grpo", "adaptive_entropy", "fitness_sharing")
MANY = (*FEW, "clip_cov", "kl_cov(ratio=0.03)+fitness_sharing", "entropy_bonus", "gppo")
TEXT = """
[[tracks]]
name = "text"
methods = [{methods}]
seeds = [{seeds}]
training = {{ env = "berrypick/Almanac-v0", steps = 40 }}
"""


@pytest.fixture
def swept(tmp_path: Path, fill: Callable[[Trial, Path], None]) -> Callable[..., Path]:
    """``swept(methods, seeds)``: the folder of a sweep that is done."""

    def make(methods: tuple[str, ...], seeds: int) -> Path:
        listed = ", ".join(f'"{name}"' for name in methods)
        text = TEXT.format(methods=listed, seeds=", ".join(map(str, range(seeds))))
        files.write_bytes(tmp_path / "sweep.toml", text.encode())
        plan = config.read(tmp_path / "sweep.toml")
        config.claim(plan, tmp_path / "out")
        for trial in plan.trials:
            fill(trial, tmp_path / "out")
        return tmp_path / "out"

    return make


def text_of(page: Path) -> str:
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_the_page_loads_nothing_and_says_how_its_intervals_come_about(swept: Callable[..., Path]):
    out = swept(FEW, 3)
    page = sweep_page.write_page(out)
    html = page.read_text()
    assert page == out / "sweep.html"
    assert not re.search(r"https?://|<script|@import|url\(", re.sub(r"data:image[^\"]+", "", html))
    sources = re.findall(r'src="([^"]{0,30})', html)
    assert len(sources) == 3 and all(source.startswith("data:image/png;base64,") for source in sources)
    names = ("text-curves", "text-pareto", "text-resilience")
    assert all((out / f"{name}.png").read_bytes().startswith(b"\x89PNG") for name in names)
    text = text_of(page)
    assert "10 trials, 10 of them evaluated" in text and "Not all is here" not in text
    assert "berrypick/Almanac-v0, from tiny-diverse: 40 steps of 12 questions x 8 rollouts" in text
    assert "t(.975, n &minus; 1) s / &radic;n" in text and "Seeds 0, 1, 2." in text
    assert "$" not in text


def test_better_than_the_baseline_is_said_over_seeds_only(swept: Callable[..., Path]):
    """fitness_sharing keeps six ways where grpo keeps one; a single seed is no reason to say so."""
    three = text_of(sweep_page.write_page(swept(FEW, 3)))
    assert re.search(r" fitness_sharing 3 0\.\d\d .*?\+5\.\d\d better", three)
    assert " q " in three  # the start
    one = text_of(sweep_page.write_page(swept(FEW, 1)))
    assert not re.search(r"[+-]\d\.\d\d (better|worse|more|less) ", one)
    assert one.count(" q ") > 20


def test_many_methods_get_panels_of_their_own(swept: Callable[..., Path]):
    out = swept(MANY, 2)
    sweep_page.write_page(out)
    assert sorted(path.name for path in out.glob("*.png")) == [
        "text-curves_entropy.png", "text-curves_reward.png", "text-curves_strategies_D2.png", "text-pareto.png",
        "text-resilience.png",
    ]  # fmt: skip


def test_a_sweep_that_is_not_done_says_what_failed_and_what_is_missing(swept: Callable[..., Path]):
    out = swept(FEW, 2)
    places = [out / "text" / method / f"seed-{seed}" for method in FEW for seed in (0, 1)]
    for place in places[:4]:
        (place / EVALUATION / "result.json").unlink()
    log = places[0] / TRAINING / "metrics.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:7]) + b'{"step"')
    (places[1] / TRAINING / "metrics.jsonl").unlink()
    (places[2] / ERROR).write_text("Traceback\n  ...\nStopped: step 3: the loss is <nan>\n")
    text = text_of(sweep_page.write_page(out))
    assert "text grpo seed 0 is missing: 7 steps so far" in text
    assert "text grpo seed 1 is missing: not begun" in text
    assert "text adaptive_entropy seed 0 failed: Stopped: step 3: the loss is &lt;nan&gt;" in text
    assert "text adaptive_entropy seed 1 is missing: not evaluated yet" in text
    assert " fitness_sharing 2 0." in text and " grpo 0 of 2 &ndash; &ndash;" in text


FACTORIAL = """
order = "seeds"
[[tracks]]
name = "diverse"
methods = ["grpo", "grpo+critique_grpo", "grpo+kl_cov", "grpo+kl_cov+critique_grpo"]
later = ["hicra"]
seeds = [0, 1, 2]
training = { env = "berrypick/Almanac-v0", steps = 9 }
[[tracks]]
name = "narrow"
methods = ["grpo", "grpo+kl_cov"]
seeds = [0, 1, 2]
training = { env = "berrypick/Almanac-v0", steps = 9, start = "tiny-narrow" }
"""


def test_a_factorial_is_told_by_start_and_in_pairs(tmp_path: Path, fill: Callable[[Trial, Path], None]):
    files.write_bytes(tmp_path / "sweep.toml", FACTORIAL.encode())
    plan = config.read(tmp_path / "sweep.toml")
    config.claim(plan, tmp_path / "out")
    for trial in plan.trials:
        if (trial.track, trial.seed) != ("narrow", 2) and trial.method != "hicra":
            fill(trial, tmp_path / "out")
    text = text_of(sweep_page.write_page(tmp_path / "out"))
    assert ", from tiny-diverse: 9 steps" in text and ", from tiny-narrow: 9 steps" in text
    assert "narrow grpo+kl_cov seed 2 is missing: not begun" in text and "diverse hicra seed 0 is missing" in text
    difference = r"[+-]\d\.\d\d \[[+-]\d+\.\d\d, [+-]\d+\.\d\d\]"
    # From the diverse start two additions on two methods each; from the narrow one a single pair, which is no table.
    assert text.count("With an addition less without it") == 1
    for what, where in (
        ("critique_grpo", "grpo"),
        ("critique_grpo", "grpo+kl_cov"),
        ("kl_cov", "grpo"),
        ("kl_cov", "grpo+critique_grpo"),
    ):
        assert re.search(rf" {re.escape(what)} {re.escape(where)} 3 {difference} ", text), (what, where)
    assert re.search(rf"diverse less narrow grpo\+kl_cov 2 of 3 {difference}", text)
    assert text.count("Cost of a step") == text.count("At equal generated tokens") == 2
    starts = text[text.index("From one start less from another") :]
    assert "never solved" not in starts, "each track has questions of its own"
    # Two seeds of the baseline choose its hard questions for each other; it solves none, as all its seeds fail them.
    assert re.search(r"Questions that the baseline never solves .*? grpo 3 0\.00", text)


def test_a_sweep_of_which_nothing_is_done_has_a_page(swept: Callable[..., Path], tmp_path: Path):
    swept(FEW, 1)
    config.claim(config.read(tmp_path / "sweep.toml"), tmp_path / "empty")
    assert "text start is missing: not begun" in text_of(sweep_page.write_page(tmp_path / "empty"))
    assert list((tmp_path / "empty").glob("*.png")) == []
    with pytest.raises(BadInput, match=r"sweep\.json: is not there; `berrypick study sweep FILE --out DIR` writes it"):
        sweep_page.write_page(tmp_path / "nowhere")


def test_the_table_has_a_row_a_method_and_holds_every_number(swept: Callable[..., Path]):
    out = swept(FEW, 3)
    sweep_page.write_page(out)
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO((out / "sweep.csv").read_text()))}
    assert list(rows) == ["start", *FEW]
    assert (rows["start"]["seeds"], rows["grpo"]["seeds"]) == ("1", "3")
    assert rows["start"]["EM_dev_over"] == "questions" and rows["grpo"]["EM_dev_over"] == "seeds"
    shared = rows["fitness_sharing"]
    for name in ("EM_dev", "EM_test", "pass@16_test", "strategies_D2_dev", "resilience_no_favourite", "entropy_at_end"):
        assert float(shared[f"{name}_low"]) <= float(shared[name]) <= float(shared[f"{name}_high"])
        # A mean of differences over the same seeds is the difference of the means.
        less = float(shared[name]) - float(rows["grpo"][name])
        assert float(shared[f"{name}_less_grpo"]) == pytest.approx(less, abs=2e-4)
    assert rows["grpo"]["EM_dev_less_grpo"] == rows["start"]["EM_dev_less_grpo"] == ""
