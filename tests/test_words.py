"""Words that berrypick gave up for those of the field (docs/glossary.md): they do not come back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Names that are gone from every file: the old name, and what is said now.
GONE = {
    "Went": "Continuation",
    "Tick": "Progress",
    "persisted": "index_cache",
    "niche": "strategy_id",
    "niches": "strategy_ids",
    "lot": "uniform, or random",
    "luck": "fault_seed",
    "struck": "active_faults",
    "bank": "buffer",
    "Bank": "DemonstrationBuffer",
    "favourite": "dominant move",
    "FAVOURITE": "DOMINANT_MOVE",
    "Asked": "ReferenceQuery, RetrievalRequest or ReadQuestion",
    "Desk": "Bench",
    "ways of searching": "strategies",
    "way of searching": "strategy",
    "held against": "compared with",
}
#: Words that documents and the command line do not use; in the sources they are fields of published files.
PLAIN = {"grams": "ngrams"}
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "Makefile", "docs/*.md", "berrypick/**")
#: What is kept as it was written: history, submissions, and this list.
HISTORY = (
    ":!CHANGELOG.md",
    ":!docs/log/2026-11.md",
    ":!docs/results",
    ":!leaderboard/submissions",
    ":!tests/test_words.py",
)
#: file and word that may stay: fields of records that other layers own.
EXCEPTIONS = {("berrypick/cli/study/phrases.py", "grams")}


def uses(word: str, *where: str) -> set[str]:
    """The committed files in which a word stands on its own, in any case where it is several words."""
    command = ["git", "grep", "-lIw", *(["-i"] if " " in word else []), "-e", word, "--", *where, *HISTORY]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("word", GONE)
def test_old_names_are_gone(word: str):
    assert uses(word, ".") == set(), f"say {GONE[word]}"


@pytest.mark.parametrize("word", PLAIN)
def test_documents_and_commands_use_the_words_of_the_field(word: str):
    found = {name for name in uses(word, *DOCUMENTS) if (name, word) not in EXCEPTIONS}
    assert found == set(), f"say {PLAIN[word]}"


def test_every_exception_is_needed():
    assert {(name, word) for name, word in EXCEPTIONS if name not in uses(word, *DOCUMENTS)} == set()


def test_sources_point_at_pages_that_a_reader_can_open():
    command = ["git", "grep", "-nIE", r"\b(design|issues?) [0-9]+\b|docs/log\.md", "--", "*.py", *HISTORY]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert found == ""


def test_documents_point_at_pages_that_a_reader_can_open():
    command = ["git", "grep", "-nIE", r"\b(design|issues?) [0-9]+\b|docs/log\.md|peers\.md|words\.md", "--"]
    found = subprocess.run([*command, *DOCUMENTS, *HISTORY], cwd=ROOT, capture_output=True, text=True).stdout
    assert found == ""


def test_numbers_in_documents_have_a_digit_before_the_point():
    wrong = [
        f"{path.name}: {line}"
        for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
        for line in path.read_text().splitlines()
        if re.search(r"(?<![\w.)\]/])\.\d", line)
    ]
    assert wrong == []
