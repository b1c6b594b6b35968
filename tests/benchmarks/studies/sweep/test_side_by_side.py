"""Tracks side by side: harmonic trailing means, and when there is a picture at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from berrypick import io as files
from berrypick.benchmarks.studies.sweep import config, side_by_side, trials
from berrypick.benchmarks.studies.sweep import page as sweep_page
from berrypick.benchmarks.studies.sweep.config import Trial
from berrypick.benchmarks.studies.sweep.side_by_side import TRAILING, trail

TRACK = """
[[tracks]]
name = "{name}"
methods = ["grpo", "fitness_sharing"]
training = {{ env = "berrypick/Almanac-v0", steps = 40 }}
"""


def run(*ways: float | None) -> SimpleNamespace:
    return SimpleNamespace(lines=[SimpleNamespace(strategies_D2=value) for value in ways])


def test_chances_are_averaged_and_not_numbers_of_strategies():
    # Two strategies and one: chances 1/2 and 1, mean 3/4, so 4/3 strategies.
    found = trail([run(2.0, 1.0, None)])
    assert found.raw[:2] == [2.0, 1.0] and math.isnan(found.raw[2])
    assert found.mean == pytest.approx([2.0, 4 / 3, 4 / 3])


def test_seeds_are_averaged_at_the_steps_that_all_have():
    found = trail([run(2.0, 2.0, 2.0), run(1.0, 1.0)])
    assert found.raw == pytest.approx([4 / 3, 4 / 3]) and len(found.mean) == 2


def test_the_mean_forgets_what_is_older_than_its_window():
    found = trail([run(*[4.0] * 5, *[1.0] * TRAILING)])
    assert found.mean[4] == 4.0 and found.mean[-1] == 1.0 and 1 < found.mean[-2] < 4


@pytest.fixture
def swept(tmp_path: Path, fill: Callable[[Trial, Path], None]) -> Callable[..., Path]:
    """``swept(names)``: the folder of a sweep of these tracks that is done."""

    def make(*names: str) -> Path:
        files.write_bytes(tmp_path / "sweep.toml", "".join(TRACK.format(name=name) for name in names).encode())
        plan = config.read(tmp_path / "sweep.toml")
        config.claim(plan, tmp_path / "out")
        for trial in plan.trials:
            fill(trial, tmp_path / "out")
        return tmp_path / "out"

    return make


def test_two_tracks_have_one_picture_at_the_top_of_the_page(swept: Callable[..., Path]):
    out = swept("even", "skewed")
    page = sweep_page.write_page(out).read_text()
    assert (out / sweep_page.BOTH).read_bytes().startswith(b"\x89PNG")
    assert 0 < page.index(sweep_page.SIDE_BY_SIDE[0]) < page.index("<h2>even</h2>")


def test_the_panels_say_what_they_show(swept: Callable[..., Path]):
    figure = side_by_side.side_by_side(trials.tracks(trials.read(swept("even", "skewed"))))
    assert figure is not None
    above, other, below, _ = figure.axes
    assert (above.get_title(), other.get_title()) == (
        "Even worlds: strategies",
        "Skewed worlds: strategies",
    )
    said = [text.get_text() for text in above.texts]
    assert any(text.startswith("grpo\n") for text in said) and any(text.startswith("ceiling 2.8") for text in said)
    rows = [label.get_text() for label in below.get_yticklabels()]
    assert rows[0] == "nothing gone" and "opening pages gone" in rows
    assert figure.legends[0].texts[0].get_text() == "start policy"


def test_one_track_or_one_without_steps_has_no_such_picture(swept: Callable[..., Path]):
    found = trials.tracks(trials.read(swept("even", "skewed")))
    assert side_by_side.draw({"even": found["even"]}) is None
    bare = [each._replace(lines=[]) for each in found["skewed"]]
    assert side_by_side.draw({"even": found["even"], "skewed": bare}) is None
