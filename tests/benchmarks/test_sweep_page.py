"""The page of a sweep, from made-up runs: whole or partial, honest about what is missing and what one seed says."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from berrypick import files
from berrypick.benchmarks import sweep, sweep_page
from berrypick.benchmarks.sweep import ERROR, EVALUATION, Trial

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
        files.write_bytes(
            tmp_path / "s.toml", TEXT.format(methods=listed, seeds=", ".join(map(str, range(seeds)))).encode()
        )
        plan = sweep.read(tmp_path / "s.toml")
        sweep.claim(plan, tmp_path / "out")
        for trial in plan.trials:
            fill(trial, tmp_path / "out")
        return tmp_path / "out"

    return make


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text()))


def test_x(swept, tmp_path):
    import shutil
    for name, m, n in (("few", ("grpo", "adaptive_entropy", "fitness_sharing"), 1), ("three", ("grpo", "adaptive_entropy", "fitness_sharing"), 3), ("many", ("grpo", "adaptive_entropy", "clip_cov", "kl_cov(ratio=0.03)+fitness_sharing", "fitness_sharing", "entropy_bonus", "clip_higher", "gppo", "kl_reference"), 10)):
        out = swept(m, n)
        sweep_page.write_page(out)
        shutil.rmtree(f"/tmp/page-{name}", ignore_errors=True)
        shutil.move(out, f"/tmp/page-{name}")
