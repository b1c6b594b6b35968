"""Trials of another sweep: copied where nothing but the name of the track differs, and only what is done."""

from __future__ import annotations

import pytest

from berrypick import io
from berrypick.benchmarks.studies.sweep import config
from berrypick.benchmarks.studies.sweep.config import EVALUATION, TRAINING
from berrypick.benchmarks.studies.sweep.reuse import reuse
from berrypick.benchmarks.studies.sweep.runner import is_done
from berrypick.cli.main import main
from berrypick.errors import BadInput

ONE = """
[[tracks]]
name = "text"
suite = "quick"
methods = ["grpo", "fitness_sharing"]
seeds = [0, 1]
training = { env = "berrypick/Almanac-v0", steps = 30 }
"""
#: Another name, another method, and one seed fewer; the rest is the same.
OTHER = ONE.replace('"text"', '"diverse"').replace("fitness_sharing", "kl_cov").replace("[0, 1]", "[0]")


@pytest.fixture
def swept(tmp_path):
    """A sweep of which all is done but the last trial, with the plan of another."""
    (tmp_path / "one.toml").write_text(ONE)
    (tmp_path / "other.toml").write_text(OTHER)
    one, other = (config.read(tmp_path / f"{name}.toml") for name in ("one", "other"))
    out = tmp_path / "one"
    config.claim(one, out)
    for trial in one.trials[:-1]:
        io.write_bytes(out / trial.place / EVALUATION / "result.json", trial.label.encode())
        if trial.config:
            io.write_bytes(out / trial.place / TRAINING / "policy" / "w", b"weights")
    return out, other


def test_what_is_the_same_is_copied_whole(swept, tmp_path):
    out, other = swept
    begun = tmp_path / "other" / "diverse" / "grpo" / "seed-0" / TRAINING / "half.txt"
    io.write_bytes(begun, b"begun here")
    copied = reuse(other, tmp_path / "other", [out])
    assert [trial.label for trial in copied] == ["diverse start", "diverse grpo seed 0"]
    place = tmp_path / "other" / copied[1].place
    assert (place / EVALUATION / "result.json").read_bytes() == b"text grpo seed 0"
    assert (place / TRAINING / "policy" / "w").read_bytes() == b"weights"
    assert not begun.exists()
    assert [is_done(trial, tmp_path / "other") for trial in other.trials] == [True, True, False]
    # The copy is a trial of its own sweep: the next call takes the folder and copies nothing.
    assert reuse(other, tmp_path / "other", [out]) == []
    assert sorted(path.name for path in (tmp_path / "other" / "diverse").iterdir()) == ["grpo", "kl_cov", "start"]


def test_a_copy_that_was_cut_off_is_made_anew(swept, tmp_path):
    out, other = swept
    io.write_bytes(tmp_path / "other" / "diverse" / "grpo" / "seed-0.copy" / "stale", b"of a call that was killed")
    reuse(other, tmp_path / "other", [out])
    assert sorted(path.name for path in (tmp_path / "other" / "diverse" / "grpo").iterdir()) == ["seed-0"]
    assert not (tmp_path / "other" / "diverse" / "grpo" / "seed-0" / "stale").exists()


def test_nothing_is_copied_where_somebody_is_at_work(swept, tmp_path):
    out, other = swept
    place = tmp_path / "other" / "diverse" / "start"
    with io.locked(place), pytest.raises(BadInput, match="another process"):
        reuse(other, tmp_path / "other", [out])


def test_what_differs_is_not(swept, tmp_path):
    out, _ = swept
    (tmp_path / "longer.toml").write_text(ONE.replace("steps = 30", "steps = 31"))
    longer = config.read(tmp_path / "longer.toml")
    assert [trial.label for trial in reuse(longer, tmp_path / "longer", [out])] == ["text start"]


def test_another_start_of_the_same_name_is_another_trial(swept, tmp_path, monkeypatch):
    out, _ = swept
    monkeypatch.setattr("berrypick.agents.lm.load.weights", lambda name: "made anew")
    again = config.read(tmp_path / "other.toml")
    assert {trial.weights for trial in again.trials} == {"made anew"}
    assert reuse(again, tmp_path / "again", [out]) == []
    with pytest.raises(BadInput, match="was run with another weights"):
        config.claim(config.read(tmp_path / "one.toml"), out)


def test_the_command_copies_before_it_runs(swept, tmp_path, monkeypatch, capsys):
    out, _ = swept
    left = []

    def run(plan, folder, **_):
        left.extend(trial.label for trial in plan.trials if not is_done(trial, folder))
        return []

    monkeypatch.setattr("berrypick.benchmarks.studies.sweep.runner.run", run)
    monkeypatch.setattr("berrypick.benchmarks.studies.sweep.page.write_page", lambda folder: folder / "sweep.html")
    target = str(tmp_path / "other")
    assert main(["study", "sweep", str(tmp_path / "other.toml"), "--out", target, "--reuse", str(out)]) == 0
    assert left == ["diverse kl_cov seed 0"]
    assert "diverse grpo seed 0: copied" in capsys.readouterr().err


def test_a_folder_that_is_no_sweep_is_named(swept, tmp_path):
    with pytest.raises(BadInput, match=r"sweep\.json"):
        reuse(swept[1], tmp_path / "other", [tmp_path])
