"""The engine protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from berrypick.records import Hit

#: True where a document is masked out; shape (documents,).
Mask = npt.NDArray[np.bool_]


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
        """
        ...
