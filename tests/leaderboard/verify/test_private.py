"""The private split: played, submitted, verified and shown by commands, with the salt and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from berrypick.benchmarks.suites import SUITES, Cell, privately
from berrypick.cli.main import main
from berrypick.corpora import CORPORA, private_worlds
from berrypick.errors import BadInput
from berrypick.leaderboard.board import groups
from berrypick.leaderboard.verify import submission

TINY = Cell("berrypick/Search-v0", "almanac-tiny", worlds=1, tasks=3, rollouts=2)
#: The second cell has no private worlds.
CELLS = (TINY, Cell("berrypick/Factbook-v0", "factbook", worlds=1, tasks=3, rollouts=2))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a salt and a submission that was made with it; the salt is not in use any more."""
    out = tmp_path_factory.mktemp("private")
    (out / "salt").write_text("c0de" * 16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(private_worlds.VARIABLE, "")
        patch.setattr(CORPORA, "_rows", dict(CORPORA._rows))
        patch.setattr(CORPORA, "_help", dict(CORPORA._help))
        SUITES.add("private-tiny", CELLS, "for tests")
        runs = [str(out / "runs" / str(seed)) for seed in range(3)]
        salt = ["--salt", str(out / "salt"), "--jobs", "1"]
        for seed, folder in enumerate(runs):
            words = ["bench", "scripted:byname", "--suite", "private-tiny", "--seed", str(seed), "--out", folder]
            assert main([*words, *salt]) == 0
        assert main(["submit", *runs, "--name", "private", "--out", str(out / "board"), *salt]) == 0
    yield out
    del SUITES._rows["private-tiny"], SUITES._help["private-tiny"]


@pytest.fixture
def using(played: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest of the salt, which is in use during a test."""
    monkeypatch.setattr(CORPORA, "_rows", dict(CORPORA._rows))
    monkeypatch.setattr(CORPORA, "_help", dict(CORPORA._help))
    monkeypatch.setenv(private_worlds.VARIABLE, "")
    return private_worlds.use(CORPORA, played / "salt")


def test_results_carry_the_hash_and_not_the_salt(played: Path):
    salt = private_worlds.read(played / "salt")
    result = json.loads((played / "runs" / "0" / "result.json").read_bytes())
    entry = json.loads((played / "board" / "private" / "entry.json").read_bytes())
    assert result["config"]["sources"]["salt"] == entry["fingerprints"]["salt"] == salt.digest
    assert [cell["corpus"] for cell in result["config"]["cells"]] == [f"almanac-tiny~{salt.digest[:16]}"]
    assert result["provenance"]["command"].endswith(f"--salt FILE-WITH-HASH-{salt.digest[:16]}")
    for path in played.rglob("*"):
        if path.is_file() and path.name != "salt":
            assert b"c0dec0de" not in path.read_bytes() and salt.secret.encode() not in path.read_bytes(), path


def test_verified_with_the_salt(played: Path, using: str):
    assert submission.verify(played / "board" / "private").problems == ()


def test_without_the_salt_or_with_another(played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (problem,) = submission.verify(played / "board" / "private").problems
    digest = private_worlds.read(played / "salt").digest
    assert problem.endswith(
        f"field 'fingerprints.salt': was played in worlds of a private salt, sha256 {digest[:16]}; "
        "pass its file with --salt"
    )
    monkeypatch.setattr(CORPORA, "_rows", dict(CORPORA._rows))
    monkeypatch.setattr(CORPORA, "_help", dict(CORPORA._help))
    monkeypatch.setenv(private_worlds.VARIABLE, "")
    (tmp_path / "other").write_text("beef" * 16)
    private_worlds.use(CORPORA, tmp_path / "other")
    assert submission.verify(played / "board" / "private").problems == (problem,)


def test_runs_are_not_submitted_without_the_salt(played: Path, capsys: pytest.CaptureFixture[str]):
    runs = [str(played / "runs" / str(seed)) for seed in range(3)]
    assert main(["submit", *runs, "--name", "other", "--out", str(played / "board"), "--jobs", "1"]) == 2
    assert "pass its file with --salt" in capsys.readouterr().err


def test_a_table_of_its_own_without_episodes_too(played: Path, tmp_path: Path):
    """While a salt is in use, its episodes stay with its keeper; the entry alone is shown."""
    (group,) = groups.read(played / "board")
    digest = private_worlds.read(played / "salt").digest
    assert group.title == f"private-tiny-v1, tags, worlds of the private salt {digest[:8]}"
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "entry.json").write_bytes((played / "board" / "private" / "entry.json").read_bytes())
    (alone,) = groups.read(tmp_path)
    assert alone.rows[0].samples == () and alone.rows[0].entry == group.rows[0].entry


def test_suites_without_private_worlds(using: str):
    assert [cell.corpus for cell in privately(CELLS, using)] == [f"almanac-tiny~{using[:16]}"]
    with pytest.raises(BadInput, match=r"a salt draws worlds of .*; the suite searches factbook"):
        privately(CELLS[1:], using)
