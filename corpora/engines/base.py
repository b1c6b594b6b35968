"""The engine protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from berrypick.records import Hit

#: True where a document is masked out; shape (documents,).
Mask = npt.NDArray[np.bool_]


class EngineFailed(RuntimeError):
    """An engine that could not answer, through no fault of the queries: its server is down, slow or broken.

    Args:
        reason: what happened, with the server's address.
        hits: one list for each query, None where the search failed.
    """

    def __init__(self, reason: str, hits: Sequence[list[Hit] | None]) -> None:
        super().__init__(reason)
        self.hits = list(hits)

    def __reduce__(self) -> tuple[type[EngineFailed], tuple[str, list[list[Hit] | None]]]:
        return EngineFailed, (str(self), self.hits)


class Engine(Protocol):
    """Ranks a corpus for queries."""

    name: str

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Return at most ``k`` hits for each query, best first.

        Order is the score rounded to 1e-4, descending, then the document's position; documents that score zero are
        never returned, so an empty query, or one without a known word, gives an empty list.

        Args:
            queries: any strings.
            k: at least 1.
            exclude: documents that must not appear; the ranks of the others do not move. Shape (documents,).

        Raises:
            ValueError: ``k`` below 1, or a mask of another shape.
            EngineFailed: some searches failed; engines in this process do not fail.
        """
        ...


def searched(engine: Engine, queries: Sequence[str], k: int) -> list[list[Hit] | None]:
    """Search and return one list for each query, None where the search failed."""
    try:
        return [*engine.search(queries, k)]
    except EngineFailed as failed:
        return failed.hits
