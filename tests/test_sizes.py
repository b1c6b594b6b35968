"""What is committed stays small: large pages are built by commands, and a study keeps tables and two pictures."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 2**20


def committed(folder: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in map(ROOT.joinpath, listed.splitlines()) if path.is_file()]


def test_no_page_is_larger_than_a_megabyte():
    pages = [path for path in committed(".") if path.suffix in (".html", ".md")]
    assert pages and [path for path in pages if path.stat().st_size > MEGABYTE] == []


def test_a_study_keeps_two_pictures_at_most():
    pictures = Counter(path.parent.name for path in committed("docs/results") if path.suffix == ".png")
    assert pictures and {study: count for study, count in pictures.items() if count > 2} == {}


def test_submissions_take_twenty_megabytes_at_most():
    files = committed("leaderboard/submissions")
    assert files and sum(path.stat().st_size for path in files) <= 20 * MEGABYTE
    assert [path for path in files if path.name == "episodes.jsonl.gz"] == []  # all are schema 2
