"""Salted worlds: others than everybody's, the same for the same salt, and nothing of the salt in what is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from berrypick import corpora
from berrypick.corpora import CORPORA, private_worlds
from berrypick.corpora.builders import almanac
from berrypick.errors import BadInput

SALT = "5f0e" * 16


@pytest.fixture
def salt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A salt's file; what its use registers is forgotten after the test."""
    monkeypatch.setattr(CORPORA, "_rows", dict(CORPORA._rows))
    monkeypatch.setattr(CORPORA, "_help", dict(CORPORA._help))
    monkeypatch.setenv(private_worlds.VARIABLE, "")
    (tmp_path / "salt").write_text(SALT + "\n")
    return tmp_path / "salt"


def test_the_digest_says_nothing_of_what_worlds_are_drawn_with(salt: Path):
    """Two hashes of other bytes; a new line at the end of the file is none of the salt's."""
    read = private_worlds.read(salt)
    salt.write_text(SALT)
    assert private_worlds.read(salt) == read
    assert len({read.digest, read.secret, SALT}) == 3


@pytest.mark.parametrize(("data", "reason"), [(None, "is not there"), (b"x" * 31 + b"\n", "holds 31 bytes")])
def test_what_is_no_salt(tmp_path: Path, data: bytes | None, reason: str):
    if data is not None:
        (tmp_path / "salt").write_bytes(data)
    with pytest.raises(BadInput, match=reason):
        private_worlds.read(tmp_path / "salt")


def test_worlds_differ_by_salt_and_number_and_are_drawn_again():
    made = {secret: almanac.make("test", 0, size="tiny", secret=secret) for secret in ("", "a", "b")}
    made["number"] = almanac.make("test", 1, size="tiny", secret="a")
    titles = {name: {document.title for document in draft.documents} for name, draft in made.items()}
    for one in titles:
        for other in titles:
            shared = len(titles[one] & titles[other]) / len(titles[one])
            assert shared == 1 if one == other else shared < 0.2, (one, other, shared)
    assert almanac.make("test", 0, size="tiny", secret="a").documents == made["a"].documents


def test_a_salted_corpus_is_built_where_the_salt_is_and_holds_nothing_of_it(salt: Path):
    digest = private_worlds.use(CORPORA, salt)
    private_worlds.use(CORPORA, salt)  # once more is nothing new
    private_worlds.check(CORPORA, digest)
    corpus = corpora.load(private_worlds.name_of("almanac-tiny", digest))
    assert corpus.name == f"almanac-tiny~{digest[:16]}" and corpus.manifest.parameters["salt"] == digest
    assert corpus.questions
    told = b"".join(path.read_bytes() for path in corpus.path.rglob("*") if path.is_file())
    assert SALT.encode() not in told and private_worlds.read(salt).secret.encode() not in told


def test_processes_that_are_started_know_it(salt: Path):
    digest = private_worlds.use(CORPORA, salt)
    code = f"from berrypick.corpora import CORPORA, private_worlds; private_worlds.check(CORPORA, {digest!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_the_salt_or_with_another_one(salt: Path):
    digest = private_worlds.use(CORPORA, salt)
    with pytest.raises(BadInput, match=r"private salt, sha256 0{16}; pass its file with --salt"):
        private_worlds.check(CORPORA, "0" * 64)
    with pytest.raises(BadInput, match="pass its file"):
        private_worlds.check(CORPORA, digest[:16] + "0" * 48)  # the name alone is not enough
