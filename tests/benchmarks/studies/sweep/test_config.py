"""A sweep's file: what it says is what is run, and what is wrong in it is named by file and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypick.agents import starts
from berrypick.benchmarks.studies.sweep import config
from berrypick.benchmarks.studies.sweep.config import SWEEPS
from berrypick.errors import BadInput
from berrypick.registry import UnknownName

GOOD = """
[[tracks]]
name = "text"
suite = "quick"
methods = ["grpo", "kl_cov(ratio=0.02)+fitness_sharing"]
seeds = [3, 1]

[tracks.training]
env = "berrypick/Almanac-v0"
steps = 5
lr = 1e-4

[tracks.overrides."kl_cov(ratio=0.02)+fitness_sharing"]
lr = 5e-5

[[tracks]]
name = "numbers"
methods = ["grpo"]
training = { env = "berrypick/AlmanacDiscrete-v0", start = "some/folder" }
"""


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "s.toml").write_text(text)
    return tmp_path / "s.toml"


def test_a_file_becomes_trials(tmp_path: Path):
    """Start first, then seed by seed every method, so that a sweep that is cut short still compares methods."""
    trials = config.read(written(tmp_path, GOOD)).trials
    composed = "kl_cov(ratio=0.02)+fitness_sharing"
    assert [(trial.track, trial.method, trial.seed) for trial in trials] == [
        ("text", "start", 0),
        ("text", "grpo", 3), ("text", composed, 3), ("text", "grpo", 1), ("text", composed, 1),
        ("numbers", "start", 0), ("numbers", "grpo", 0),
    ]  # fmt: skip
    start, first, second = trials[:3]
    assert (start.config, start.start, start.kind, start.suite) == (None, "tiny-diverse", "lm", "quick")
    assert first.config and second.config
    assert (first.config.steps, first.config.lr, first.config.seed, first.config.prompts_per_step) == (5, 1e-4, 3, 12)
    assert (second.config.steps, second.config.lr) == (5, 5e-5)
    assert (trials[-1].kind, trials[-1].start, trials[-1].suite) == ("discrete", "some/folder", "collapse")
    assert [trial.place.as_posix() for trial in trials[:3]] == [
        "text/start", "text/grpo/seed-3", "text/kl_cov-ratio-0.02-+fitness_sharing/seed-3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("steps = 5", "stesp = 5", r"s\.toml, field 'tracks\[0\]\.training': .*unknown field `stesp`"),
        ("steps = 5", "steps = 'x'", r"s\.toml, field 'tracks\[0\]\.training\.steps': Expected `int`"),
        ("steps = 5", "steps = 0", r"s\.toml, field 'tracks\[0\]\.training': .*steps.*must be at least 1"),
        ("lr = 5e-5", "lr = -1.0", r"field 'tracks\[0\]\.overrides\.kl_cov.*must be positive"),
        ("lr = 5e-5", "env = 'x'", r"field 'tracks\[0\]\.overrides\.kl_cov.*env': is not for this table"),
        ("steps = 5", "seed = 5", r"field 'tracks\[0\]\.training\.seed': is not for this table"),
        ("lr = 1e-4", "method = 'x'", r"field 'tracks\[0\]\.training\.method': is not for this table"),
        ('env = "berrypick/Almanac-v0"\n', "", r"field 'tracks\[0\]\.training': .*missing required field `\w+`"),
        ("[3, 1]", "[3, 3]", r"field 'tracks\[0\]\.seeds': must differ"),
        ("[3, 1]", "[]", r"field 'tracks\[0\]\.seeds': must differ"),
        ("[3, 1]", "[-1]", r"field 'tracks\[0\]\.seeds\[0\]': Expected `int` >= 0"),
        ('"numbers"', '"text"', r"field 'tracks': must differ"),
        ('"numbers"', '"../x"', r"field 'tracks\[1\]\.name': must be letters"),
        ('methods = ["grpo"]', 'methods = ["start"]', r"field 'tracks\[1\]\.methods': must differ"),
        ('overrides."kl_cov(ratio=0.02)+fitness_sharing"', "overrides.gppo", "'gppo' is none of the methods"),
        ("seeds =", "seed =", r"field 'tracks\[0\]': .*unknown field `seed`"),
        ("[[tracks]]", "[[tracks]", r"s\.toml: not valid TOML: .*line 2"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, before: str, after: str, said: str):
    assert before in GOOD
    with pytest.raises(BadInput, match=said):
        config.read(written(tmp_path, GOOD.replace(before, after, 1)))


@pytest.mark.parametrize(
    ("before", "after", "near"),
    [
        ('"quick"', '"quik"', "quick"),
        ('["grpo", "kl', '["grop", "kl', "grpo"),
        ("berrypick/Almanac-v0", "berrypick/Almanak-v0", "Almanac-v0"),
    ],
)
def test_unknown_names_say_what_is_near(tmp_path: Path, before: str, after: str, near: str):
    with pytest.raises(UnknownName, match=near):
        config.read(written(tmp_path, GOOD.replace(before, after, 1)))


def test_a_folder_is_for_one_sweep_which_may_grow(tmp_path: Path):
    out, plan = tmp_path / "out", config.read(written(tmp_path, GOOD))
    config.claim(plan, out)
    assert config.planned(out) == plan
    grown = config.read(written(tmp_path, GOOD.replace("[3, 1]", "[3, 1, 2]")))
    config.claim(grown, out)
    assert config.planned(out) == grown
    for trial in grown.trials:
        (out / trial.place / config.EVALUATION).mkdir()
    changed = config.read(written(tmp_path, GOOD.replace("lr = 5e-5", "lr = 6e-5").replace("quick", "core")))
    with pytest.raises(BadInput, match=r"text/start/trial\.json: was run with another suite; choose another --out"):
        config.claim(changed, out)
    changed = config.read(written(tmp_path, GOOD.replace("lr = 5e-5", "lr = 6e-5")))
    with pytest.raises(BadInput, match=r"seed-3/trial\.json: was run with another lr;"):
        config.claim(changed, out)
    assert config.planned(out) == grown, "what is refused changes nothing"


def test_what_is_not_begun_may_change(tmp_path: Path):
    out, plan = tmp_path / "out", config.read(written(tmp_path, GOOD))
    config.claim(plan, out)
    changed = config.read(written(tmp_path, GOOD.replace("lr = 5e-5", "lr = 6e-5")))
    config.claim(changed, out)
    assert config.planned(out) == changed


TURNS = """
order = "seeds"

[[tracks]]
name = "one"
methods = ["grpo", "kl_cov"]
later = ["r3"]
seeds = [4, 2]
training = { env = "berrypick/Almanac-v0" }

[[tracks]]
name = "two"
methods = ["grpo"]
seeds = [4, 2]
training = { env = "berrypick/Almanac-v0", start = "some/folder" }
"""


def test_tracks_take_turns_seed_by_seed_and_later_methods_come_last(tmp_path: Path):
    trials = config.read(written(tmp_path, TURNS)).trials
    assert [(trial.track, trial.method, trial.seed) for trial in trials] == [
        ("one", "start", 0), ("two", "start", 0),
        ("one", "grpo", 4), ("one", "kl_cov", 4), ("two", "grpo", 4),
        ("one", "grpo", 2), ("one", "kl_cov", 2), ("two", "grpo", 2),
        ("one", "r3", 4), ("one", "r3", 2),
    ]  # fmt: skip
    trials = config.read(written(tmp_path, TURNS.replace('"seeds"', '"tracks"'))).trials
    assert [trial.track for trial in trials] == ["one"] * 7 + ["two"] * 3
    assert [trial.method for trial in trials[5:7]] == ["r3", "r3"]
    with pytest.raises(BadInput, match=r"tracks\[0\]\.methods': must differ"):
        config.read(written(tmp_path, TURNS.replace('"r3"', '"grpo"')))


def test_shipped_sweeps_are_found_by_name_and_others_by_path(tmp_path: Path):
    assert config.find("collapse") == SWEEPS["collapse"]
    assert config.find(str(written(tmp_path, GOOD))) == tmp_path / "s.toml"
    with pytest.raises(UnknownName, match="unknown sweep 'colapse'; did you mean 'collapse'"):
        config.find("colapse")


def test_shipped_sweeps_begin_with_published_starts():
    plans = [config.read(SWEEPS[name]).trials for name in SWEEPS]
    assert {trial.start for trials in plans for trial in trials} <= set(starts.names())
    assert all(trial.weights for trials in plans for trial in trials)


def test_shipped_sweeps_are_what_the_issue_asks_for():
    plans = {name: config.read(SWEEPS[name]).trials for name in SWEEPS}
    assert [(trial.track, trial.method, trial.seed) for trial in plans["collapse"]] == [
        (track, method, 0) for track in ("even", "skewed") for method in ("start", "grpo", "fitness_sharing")
    ]
    assert {trial.start for trial in plans["collapse"]} == {"tiny-even"}, "one start, two kinds of worlds"
    assert {trial.config.steps for trial in plans["collapse"] if trial.config} == {80}
    assert [(trial.method, trial.seed) for trial in plans["collapse-skewed"]] == [
        ("start", 0), ("grpo", 0), ("adaptive_entropy", 0), ("fitness_sharing", 0),
    ]  # fmt: skip
    counts = [(kind, sum(trial.kind == kind for trial in plans["first"])) for kind in ("lm", "discrete")]
    assert counts == [("lm", 1 + 5 * 3), ("discrete", 1 + 9 * 10)]
    critique = plans["critique"]
    cells = {(trial.start, trial.method) for trial in critique if trial.config}
    assert len(cells) == 2 * 3 * 2 + 16 and len(critique) == 2 + 3 * len(cells)
    # What matters most comes first: after the starts, seed 0 of the factorial and of the controls.
    assert {trial.method for trial in critique[:2]} == {"start"} and len({trial.start for trial in critique[:2]}) == 2
    assert {trial.seed for trial in critique[2:18]} == {0} and len({trial.method for trial in critique[2:18]}) == 10
    others = [trial for trial in critique if trial.config and trial.method != "dr_grpo"]
    assert not any(trial.config.method.startswith("dr_grpo") for trial in others)
    assert {trial.suite for trials in plans.values() for trial in trials} == {
        "collapse",
        "collapse-brief",
        "collapse-even-brief",
        "collapse-v1-brief",
    }


def test_the_dominant_move_of_the_start_is_refused_in_all_trained_arms(tmp_path: Path):
    text = """
        [[tracks]]
        name = "text"
        methods = ["grpo"]
        dominant_move = "start"
        training = {env = "berrypick/AlmanacDiscrete-v0", steps = 1}
    """
    (tmp_path / "sweep.toml").write_text(text)
    start, grpo = config.read(tmp_path / "sweep.toml").trials
    assert start.frozen_from is None and grpo.frozen_from == Path("text", "start")
    assert config.read(tmp_path / "sweep.toml").trials[0].place == grpo.frozen_from


def test_a_sweep_goes_on_whatever_the_order_of_its_options(tmp_path: Path):
    options = 'options = { worlds = 2, split = "train", corpus = "almanac-tiny" }'
    text = GOOD.replace("steps = 5\n", f"steps = 5\n{options}\n")
    assert text != GOOD
    plan = config.read(written(tmp_path, text))
    config.claim(plan, tmp_path / "out")
    for trial in plan.trials:
        (tmp_path / "out" / trial.place / config.EVALUATION).mkdir()
    config.claim(config.read(written(tmp_path, text)), tmp_path / "out")  # options were stored sorted
