"""Published policies to start from, each a folder beside this file with a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


def names() -> list[str]:
    """The published starts."""
    return sorted(path.parent.name for path in HERE.glob("*/berrypick.json"))


def find(name: str) -> str:
    """The folder of a published start; any other name (a folder, a hub name) as it is."""
    return str(HERE / name) if name in names() else name
