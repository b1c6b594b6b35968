"""Replies that were paid for, kept at once, so that a run that goes on, or is repeated, asks nothing twice.

One SQLite file for an endpoint and model. SQLite's own journal makes a reply whole or absent after ``kill -9``, and
lets several processes write; its write-ahead log is left off, as it does not work on network file systems.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from berrypick import io
from berrypick.agents.base import AgentDown
from berrypick.agents.chat import replies
from berrypick.agents.chat.replies import Reply

#: Says where the stores are: a folder, or "off" for none.
VARIABLE: Final = "BERRYPICK_CHAT_STORE"
#: How long to wait for another process that writes, in seconds.
PATIENCE: Final = 60.0


def place(url: str, model: str) -> Path | None:
    """The file for an endpoint's base URL and a model; None where the user wants none.

    Names that differ in odd characters alone share a file, which does no harm: the keys differ.
    """
    folder = os.environ.get(VARIABLE, "")
    if folder == "off":
        return None
    name = re.sub(r"[^\w.+-]+", "-", f"{url.partition('://')[2]}-{model}")[:150]
    return (Path(folder) if folder else io.home() / "chat") / f"{name}.sqlite"


class Store:
    """A table from keys to replies.

    Args:
        path: the file, made where it is missing; None keeps the replies in memory.

    Raises:
        AgentDown: the file cannot be read or written. Going on would pay for replies that are lost.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        with self._guarded():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            # The caller's event loop runs in a thread of its own; the two never use the connection at once.
            where = ":memory:" if path is None else path
            self._rows = sqlite3.connect(where, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._rows.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply BLOB NOT NULL)")

    def get(self, key: str) -> Reply | None:
        """The reply kept under a key."""
        with self._guarded():
            row = self._rows.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            return None if row is None else replies.decode(row[0])

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; it is on the disk when this returns."""
        with self._guarded():
            self._rows.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, msgspec.json.encode(reply)))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, msgspec.DecodeError) as error:
            reason = f"cannot keep replies here ({error}); move the file away, or set {VARIABLE}"
            raise AgentDown(reason, file=self._path) from error
