"""What is committed as a submission is verified; there is nothing to do where nothing is committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from berrypick import corpora, io
from berrypick.errors import BadInput
from berrypick.leaderboard import entries, schema
from berrypick.leaderboard.maintain import verify_large
from berrypick.leaderboard.maintain.baselines import GAMING, name_of
from berrypick.leaderboard.verify import submission

#: conftest's ``Submission``, which cannot be imported.
Forged = Any
HEADLINES = {
    "EM", "pass@4", "pass@16", "strategies_D2", "route_coverage", "evidence_diversity", "resilience_mean",
    "resilience_worst",
}  # fmt: skip
SUBMISSIONS = Path(__file__).resolve().parents[3] / "leaderboard" / "submissions"


def committed() -> list[Any]:
    """Every submission, those without episodes too; large ones are slow."""
    paths = sorted(path for path in SUBMISSIONS.glob("*") if path.is_dir())
    slow = {path: [pytest.mark.slow] for path in paths if verify_large.is_large(path)}
    return [pytest.param(path, marks=slow.get(path, []), id=path.name) for path in paths]


def check(path: Path) -> None:
    """Verify one; skips what only the keeper of a salt can verify, who says so in the tiers."""
    if (path / schema.ENTRY).is_file() and (salt := (entry := entries.read(path)).fingerprints.get(schema.SALT)):
        granted = entries.read_tiers(path.parents[1] / schema.TIERS, {entry.name: entry})
        assert entry.name in granted, "nobody checked it: its keeper enters it in tiers.json, or it goes"
        pytest.skip(f"{path.name} was played in worlds of the private salt {salt:.8}, which its keeper verifies")
    assert submission.verify(path).problems == ()


@pytest.mark.parametrize("path", committed())
def test_a_committed_submission_is_verified(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(corpora, "added", list)  # ``real`` is committed as it is where nobody added a corpus
    check(path)


def test_rows_that_are_there_to_lose_gain_nothing():
    """No headline of a committed gaming row is above the interval of the agent that it wraps."""
    found = {path.name: entries.read(path) for path in SUBMISSIONS.glob("*") if path.is_dir()}
    pairs = [
        (tricked, found[name_of(tricked.suite, tricked.agent.partition(":")[2])])
        for tricked in found.values()
        if tricked.agent in GAMING
    ]
    assert len(pairs) >= 2 * len(GAMING)  # on two suites
    for tricked, inner in pairs:
        for name in HEADLINES & tricked.metrics.keys():
            ours, theirs = tricked.metrics[name].value, inner.metrics[name].high
            assert ours is None or theirs is None or ours <= theirs, (tricked.name, name)


def test_large_ones_are_as_they_were_when_they_were_replayed():
    """`make verify-large` replays what is missing here or has changed."""
    there = {path.name: path for path in SUBMISSIONS.glob("*") if verify_large.is_large(path)}
    assert {name: io.sha256(path / schema.ENTRY) for name, path in there.items()} == verify_large.read(
        SUBMISSIONS.parent
    )
    for path in there.values():
        assert io.sha256(path / schema.EPISODES) == entries.read(path).episodes


def test_a_large_one_is_written_down_once_it_was_replayed(
    forged: Forged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(verify_large, "LARGE", 0)
    folder = forged.path.parents[1]
    verify_large.main(folder)
    verify_large.main(folder)
    assert verify_large.read(folder) == {"honest": io.sha256(forged.path / schema.ENTRY)}
    assert capsys.readouterr().out.count("honest: replayed") == 1
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    with pytest.raises(BadInput, match=r"metrics\.EM"):
        verify_large.main(folder)


def test_what_differs_fails_and_a_private_entry_is_passed_over(forged: Forged):
    check(forged.path)
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    with pytest.raises(AssertionError, match=r"metrics.EM"):
        check(forged.path)
    forged.entry["fingerprints"]["salt"] = "5a" * 32
    forged.save()
    (forged.path / schema.EPISODES).unlink()
    with pytest.raises(AssertionError, match="nobody checked it"):
        check(forged.path)
    tiers = {forged.path.name: {"tier": "reproduced", "episodes": forged.entry["episodes"], "how": "by its keeper"}}
    (forged.path.parents[1] / schema.TIERS).write_text(json.dumps(tiers))
    with pytest.raises(pytest.skip.Exception, match="honest was played in worlds of the private salt 5a5a5a5a"):
        check(forged.path)
