"""The golden episodes: behaviour changes only together with a version, and additions change nothing."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from berrypick import corpora
from berrypick.benchmarks import versions
from berrypick.benchmarks.golden import recording
from berrypick.benchmarks.golden.scenes import SCENES
from berrypick.benchmarks.metrics.table import METRICS
from berrypick.benchmarks.suites import REVISED, SUITES, cells_of
from berrypick.envs import observations
from berrypick.envs.perturbations.faults import FAULTS, Fault
from berrypick.envs.perturbations.knockouts import KNOCKOUTS, Changes
from berrypick.errors import BadInput
from berrypick.registry import without_argument

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / recording.FILE


@pytest.fixture(autouse=True)
def nobody_added_a_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests add corpora to the same home, and the suite ``real`` has a cell for each."""
    monkeypatch.setattr(corpora, "added", list)


@pytest.fixture(scope="module")
def golden() -> recording.Golden:
    return recording.read(FILE)


def found(golden: recording.Golden) -> list[str]:
    return [str(difference) for difference in recording.differences(golden)]


def raised(golden: recording.Golden) -> Counter[str]:
    """How many differences ask for each version."""
    return Counter(difference.version for difference in recording.differences(golden))


def test_behaviour_is_as_recorded(golden: recording.Golden):
    assert (golden.protocol, golden.scorer) == (versions.PROTOCOL_VERSION, versions.SCORER_VERSION), "run `make golden`"
    assert found(golden) == []


def test_every_change_of_a_published_suite_has_a_scene(golden: recording.Golden):
    assert {"quick", "core", "robust", "real", "collapse", "collapse-brief"} <= set(golden.suites)
    asked = {
        name.partition(":")[0]
        for suite in golden.suites.values()
        for cell in suite.cells
        for name in (*cell["knockouts"], *cell["faults"])
    }
    played = {name.partition(":")[0] for scene in SCENES for name in (*scene.cell.knockouts, *scene.cell.faults)}
    assert asked and asked <= played
    assert {scene.cell.protocol for scene in SCENES} == {"tags", "tools"}


def test_dense_lists_of_the_recording_are_the_same_on_every_machine(golden: recording.Golden):
    """Neighbours are further apart than two machines' scores of one document, so that none trade places."""
    shown = 0
    for episode in golden.episodes:
        for step in episode.steps:
            if step.dense:
                scores = sorted(step.scores)
                assert all(b - a > 2 * recording.DRIFT for a, b in pairwise(scores) if a or b)
                shown += len(scores)
    assert shown > 50


def test_one_character_of_an_observation_asks_for_a_raise(golden: recording.Golden, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(observations, "ENGINE_FAILED", observations.ENGINE_FAILED + ".")
    problems = found(golden)
    assert len(problems) == 1, "one scene has an engine that fails"
    assert "error:0.3" in problems[0] and "observation: recorded" in problems[0]
    assert problems[0].endswith("if this is meant, raise PROTOCOL_VERSION and run `make golden`")


def test_another_outcome_or_metric_asks_for_a_raise(golden: recording.Golden, monkeypatch: pytest.MonkeyPatch):
    analyse = recording.analyse
    with monkeypatch.context() as patch:
        patch.setattr(recording, "analyse", lambda *args: replace(one := analyse(*args), searches=one.searches + 1))
        assert set(raised(golden)) == {"SCORER_VERSION"}
        assert any("outcome searches: recorded 4, here 5" in problem for problem in found(golden))
    other = replace(golden.metrics["EM"], value=0.5)
    (problem,) = found(replace(golden, metrics=golden.metrics | {"EM": other}))
    assert "metric EM" in problem and "raise SCORER_VERSION" in problem
    (problem,) = found(replace(golden, metrics=golden.metrics | {"gone": other}))
    assert "metric gone" in problem


def test_a_list_within_the_drift_of_dense_scores_is_the_same(golden: recording.Golden):
    def moved(dense: bool, by: float) -> list[str]:
        episode = golden.episodes[0]
        number = next(n for n, step in enumerate(episode.steps) if step.dense is dense and step.scores)
        steps = list(episode.steps)
        steps[number] = replace(steps[number], scores=tuple(score + by for score in steps[number].scores))
        return found(replace(golden, episodes=(replace(episode, steps=tuple(steps)), *golden.episodes[1:])))

    assert moved(True, 2e-4) == []
    assert "scores" in moved(True, 4e-4)[0] and "PROTOCOL_VERSION" in moved(True, 4e-4)[0]
    assert "scores" in moved(False, 1e-4)[0]


def test_other_cells_of_a_suite_ask_for_a_raise(golden: recording.Golden, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setitem(SUITES._rows, "quick", cells_of("quick")[:1])
        (problem,) = found(golden)
        assert "suite quick-v1 has other cells" in problem and "raise REVISED['quick']" in problem
        patch.setitem(REVISED, "quick", 2)
        assert found(golden) == [] and versions.contract("quick").suite == 2


def test_additions_change_nothing(golden: recording.Golden, monkeypatch: pytest.MonkeyPatch):
    """A new metric, fault, knock-out and suite; the contract and the recording stay."""
    before = versions.contract("robust"), cells_of("robust")
    fault = Fault("upside_down", lambda hits, at: hits[::-1])
    monkeypatch.setitem(FAULTS._rows, fault.name, without_argument(fault.name, fault, "faults"))
    monkeypatch.setitem(KNOCKOUTS._rows, "no_mondays", without_argument("no_mondays", Changes(), "knockouts"))
    monkeypatch.setitem(METRICS._rows, "EM_again", METRICS["EM"])
    monkeypatch.setitem(SUITES._rows, "brand-new", cells_of("quick"))
    assert (versions.contract("robust"), cells_of("robust")) == before
    assert found(golden) == []


def test_a_recording_is_made_anew_only_with_a_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy = tmp_path / "episodes.json"
    copy.write_bytes(FILE.read_bytes())
    recording.update(copy)
    assert copy.read_bytes() == FILE.read_bytes()
    monkeypatch.setattr(observations, "ENGINE_FAILED", "It broke.")
    with pytest.raises(BadInput, match="raise PROTOCOL_VERSION and run `make golden`"):
        recording.update(copy)
    assert copy.read_bytes() == FILE.read_bytes()
    monkeypatch.setattr(recording, "PROTOCOL_VERSION", versions.PROTOCOL_VERSION + 1)
    recording.update(copy)
    assert recording.read(copy).protocol == versions.PROTOCOL_VERSION + 1 and found(recording.read(copy)) == []
