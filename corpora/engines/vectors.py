"""How vectors are kept and compared: one row a size of corpus.

Measured on 104,890 documents of Almanac (LSA, 256 dimensions, 1,000 queries of the audit, one thread), recall@10 of
what comparing all vectors finds: a graph (HNSW, 32 neighbours, 256 visited) .72; inverted lists (128 of 1,024 visited)
.87, with product codes .63. Short queries lie far from all documents, where neither a graph nor lists lead to the
nearest. Scanning 4-bit product codes of all documents (Andre, Kermarrec & Le Scouarnec 2017) and comparing the best
``SHORTLIST`` again in half precision finds .98 in 1.5 ms, where the lists took 3.5 and comparing all 18.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import faiss
import numpy as np

from berrypick.corpora.encoders import Vectors
from berrypick.corpora.engines.base import Mask

#: Of so many documents the vectors are compared again. Fixed: a list must not depend on how deep it is asked for.
SHORTLIST: Final = 512

#: FAISS's name for codes of 4 bits a part, and vectors in half precision.
_CODES: Final = "PQ{}x4fs,Refine(SQfp16)"

#: (scores, positions) of one query, best first; shape (found,) each, position -1 for none.
Found = tuple[Any, Any]


class Layout(NamedTuple):
    """One way to keep vectors.

    Attributes:
        parameters: what the index depends on besides its vectors; plain JSON.
        most: up to so many documents.
        make: dimensions -> an empty FAISS index of inner products.
        find: (index, vector, limit, mask) -> the best.
        masks: whether ``find`` leaves masked documents out; else they are to be left out of what it found.
    """

    parameters: dict[str, Any]
    most: float
    make: Callable[[int], faiss.Index]
    find: Callable[[faiss.Index, Vectors, int, Mask | None], Found]
    masks: bool


def layout_for(documents: int) -> Layout:
    """The layout for a corpus of so many documents."""
    return next(layout for layout in LAYOUTS if documents <= layout.most)


def _find_flat(index: faiss.Index, vector: Vectors, limit: int, exclude: Mask | None) -> Found:
    untyped: Any = faiss  # its stubs know neither keyword parameters nor NumPy bitmaps
    parameters = untyped.SearchParameters()
    if exclude is not None:
        parameters.sel = untyped.IDSelectorBitmap(np.packbits(~exclude, bitorder="little"))
    # One vector at a time: FAISS sums batches of 20 and more in another order.
    scores, positions = index.search(vector[None], limit, params=parameters)
    return scores[0], positions[0]


def _make_codes(dimensions: int) -> faiss.Index:
    parts = dimensions // 2 if dimensions % 2 == 0 else dimensions
    return faiss.index_factory(dimensions, _CODES.format(parts), faiss.METRIC_INNER_PRODUCT)


def _find_codes(index: faiss.Index, vector: Vectors, limit: int, exclude: Mask | None) -> Found:
    untyped: Any = faiss
    parameters = untyped.IndexRefineSearchParameters(k_factor=1)
    scores, positions = index.search(vector[None], SHORTLIST, params=parameters)
    return scores[0][:limit], positions[0][:limit]


LAYOUTS: Final = (
    Layout({"flat": True}, 200_000, faiss.IndexFlatIP, _find_flat, masks=True),
    Layout({"codes": _CODES}, float("inf"), _make_codes, _find_codes, masks=False),
)
