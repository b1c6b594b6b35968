"""The files of the board: made from the submissions alone, the same bytes for the same submissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from berrypick import io
from berrypick.leaderboard.board.groups import Group
from berrypick.leaderboard.board.html import page
from berrypick.leaderboard.board.tables import readme, table_csv

README: Final = "README.md"
TABLE: Final = "leaderboard.csv"
PAGE: Final = "index.html"


def render(groups: Sequence[Group]) -> dict[str, bytes]:
    """Every file of the board by its name."""
    return {README: readme(groups).encode(), TABLE: table_csv(groups).encode(), PAGE: page(groups).encode()}


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files into a folder."""
    for name, data in contents.items():
        io.write_bytes(folder / name, data)


def stale(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Return names of the committed files that are missing from a folder, or hold something else there.

    The page is built by ``berrypick board`` and not committed.
    """
    return [
        name
        for name, data in contents.items()
        if name != PAGE and (not (folder / name).is_file() or (folder / name).read_bytes() != data)
    ]
