"""What is committed as a submission is verified; there is nothing to do where nothing is committed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from berrypick import corpora, io
from berrypick.errors import BadInput
from berrypick.leaderboard import entries, recorded, schema
from berrypick.leaderboard.baselines import GAMING, name_of
from berrypick.leaderboard.maintain import verify_all
from berrypick.leaderboard.verify import submission

#: conftest's ``Submission``, which cannot be imported.
Forged = Any
HEADLINES = {
    "EM", "pass@4", "pass@16", "strategies_D2", "route_coverage", "evidence_diversity", "resilience_mean",
    "resilience_worst",
}  # fmt: skip
SUBMISSIONS = Path(__file__).resolve().parents[3] / "leaderboard" / "submissions"


def check(path: Path) -> None:
    """Verify one; skips what only the keeper of a salt can verify, who says so in the tiers."""
    if (path / schema.ENTRY).is_file() and (salt := (entry := entries.read(path)).fingerprints.get(schema.SALT)):
        granted = entries.read_tiers(path.parents[1] / schema.TIERS, {entry.name: entry})
        assert entry.name in granted, "nobody checked it: its keeper enters it in tiers.json, or it goes"
        pytest.skip(f"{path.name} was played in worlds of the private salt {salt:.8}, which its keeper verifies")
    assert submission.verify(path).problems == ()


@pytest.mark.parametrize("name", verify_all.IN_TESTS)
def test_a_committed_submission_is_verified(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(corpora, "added", list)  # ``real`` is committed as it is where nobody added a corpus
    check(SUBMISSIONS / name)


def test_what_a_change_brings_is_replayed_whatever_its_size(monkeypatch: pytest.MonkeyPatch):
    """Compared with the list of before the change: what a change enters in the list vouches for nothing."""
    root = SUBMISSIONS.parents[1]
    base = verify_all.base_of(root)
    if base is None:
        pytest.skip("no repository with a history here")
    monkeypatch.setattr(corpora, "added", list)
    private = "was played in worlds of the private salt"
    for name in verify_all.new_since(verify_all.list_at(base, root), SUBMISSIONS.parent):
        try:
            check(SUBMISSIONS / name)
        except pytest.skip.Exception as passed:
            assert private in str(passed)


def test_a_row_that_comes_with_its_own_entry_in_the_list_is_new_all_the_same(forged: Forged, tmp_path: Path):
    """One change that adds a forged row and its line in verified.json; the list of before knows neither."""
    folder = forged.path.parents[1]
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    verify_all.write(folder, {"honest": io.sha256(forged.path / schema.ENTRY)})
    assert verify_all.new_since(verify_all.read(folder), folder) == [], "by its own list it is verified"
    assert verify_all.new_since({}, folder) == ["honest"], "by the list of before the change it is not"
    with pytest.raises(AssertionError, match=r"metrics.EM"):
        check(forged.path)


def test_the_list_of_a_commit_is_read_from_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def git(*words: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.delenv("BERRYPICK_BASE", raising=False)
    assert verify_all.base_of(tmp_path) is None
    git("init", "-q")
    (tmp_path / "leaderboard").mkdir()
    for digest in ("0" * 64, "1" * 64):
        verify_all.write(tmp_path / "leaderboard", {"row": digest})
        git("add", "-A")
        git("commit", "-qm", digest[:1])
    base = verify_all.base_of(tmp_path)
    assert base is not None and verify_all.list_at(base, tmp_path) == {"row": "0" * 64}
    assert verify_all.list_at("nowhere", tmp_path) == {}
    monkeypatch.setenv("BERRYPICK_BASE", "HEAD")
    assert verify_all.list_at(verify_all.base_of(tmp_path) or "", tmp_path) == {"row": "1" * 64}


@pytest.mark.slow
def test_every_committed_submission_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(corpora, "added", list)
    monkeypatch.setattr(verify_all, "write", lambda folder, found: None)
    verify_all.verify_all(SUBMISSIONS.parent, tmp_path)


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


def test_every_entry_is_as_it_was_when_it_was_verified():
    """`make verify` verifies them all and writes down what it found right."""
    there = {path.parent.name: path for path in SUBMISSIONS.glob(f"*/{schema.ENTRY}")}
    private = {name for name, path in there.items() if schema.SALT in entries.read(path.parent).fingerprints}
    verified = verify_all.read(SUBMISSIONS.parent)
    assert verified.keys() == there.keys() - private, "run `make verify`"
    for name, digest in verified.items():
        entry, folder = entries.read(SUBMISSIONS / name), SUBMISSIONS / name
        assert io.sha256(folder / schema.ENTRY) == digest, f"{name} has changed: run `make verify`"
        file = recorded.file_of(folder)
        assert entry.episodes == (entries.of_digests(entry) if entry.digests else io.sha256(file)), name


def test_what_is_verified_is_written_down_and_not_verified_again(
    forged: Forged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder, progress = forged.path.parents[1], tmp_path / "progress"
    verify_all.verify_all(folder, progress)
    verify_all.verify_all(folder, progress)
    assert verify_all.read(folder) == {"honest": io.sha256(forged.path / schema.ENTRY)}
    assert capsys.readouterr().out.count("honest: verified") == 1
    # Other source code has verified nothing yet.
    monkeypatch.setattr("berrypick.benchmarks.provenance.source_fingerprints", lambda: {"protocol": "other"})
    verify_all.verify_all(folder, progress)
    assert capsys.readouterr().out.count("honest: verified") == 1
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    with pytest.raises(BadInput, match=r"1 submissions were rejected: .*metrics\.EM"):
        verify_all.verify_all(folder, progress)
    assert verify_all.read(folder) == {}


def test_what_differs_fails_and_a_private_entry_is_passed_over(forged: Forged):
    check(forged.path)
    forged.entry["metrics"]["EM"]["value"] = 0.99
    forged.save()
    with pytest.raises(AssertionError, match=r"metrics.EM"):
        check(forged.path)
    forged.entry["fingerprints"]["salt"] = "5a" * 32
    forged.save()
    forged.file.unlink()
    with pytest.raises(AssertionError, match="nobody checked it"):
        check(forged.path)
    tiers = {forged.path.name: {"tier": "reproduced", "episodes": forged.entry["episodes"], "how": "by its keeper"}}
    (forged.path.parents[1] / schema.TIERS).write_text(json.dumps(tiers))
    with pytest.raises(pytest.skip.Exception, match="honest was played in worlds of the private salt 5a5a5a5a"):
        check(forged.path)
