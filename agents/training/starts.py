"""Published starts: policies that come with the package, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: Holds a folder a start, each with a model card.
STARTS: Final = Path(__file__).resolve().parents[1] / "starts"


def find_start(name: str) -> Path:
    """Return the folder of a published start of this name, else the name as a path."""
    published = STARTS / name
    return published if published.parent == STARTS and published.is_dir() else Path(name)
