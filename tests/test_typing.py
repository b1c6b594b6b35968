"""The package is typed, and mypy can see it on a plain install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_the_typed_marker_is_there():
    assert (ROOT / "berrypick" / "py.typed").is_file()


@pytest.mark.slow
def test_mypy_passes_on_a_plain_install(clean_copy: Path, tmp_path: Path):
    """mypy cannot follow the editable finder, so it is shown a plain copy (`make check` does the same)."""
    plain, cache = tmp_path / "plain", tmp_path / "cache"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        plain,
        clean_copy,
    ]
    subprocess.run(pip, check=True)
    mypy = [
        Path(sys.executable).with_name("mypy"),
        "--config-file",
        ROOT / "pyproject.toml",
        "--cache-dir",
        cache,
        "-p",
        "berrypick",
    ]
    done = subprocess.run(
        mypy, env={**os.environ, "MYPYPATH": str(plain)}, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
