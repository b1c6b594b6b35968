"""How vectors are kept and compared: one row a size of corpus.

Measured on Almanac (LSA, 256 dimensions, queries of the audit, one thread), recall@10 of what comparing all vectors
finds. 104,890 documents: a graph (HNSW, 32 neighbours, 256 visited) .72 in 2.0 ms, inverted lists of plain vectors (128
of 1,024 visited) .87 in 3.5 ms, of 8-bit product codes .63 in 1.7 ms. Short queries lie far from all documents, where
neither a graph nor few lists lead to the nearest. 1,045,910 documents: 4-bit product codes (Andre, Kermarrec & Le
Scouarnec 2017), which are scanned fast enough to visit ``VISITED`` of 1,024 lists, with the best ``SHORTLIST`` compared
again in 8 bits a dimension, find .89 within .001 of the score in 3.7 ms; 256 visited .84 in 2.5 ms, 512 .91 in 4.6 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import faiss
import numpy as np

from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.encoders import Vectors

#: Of so many documents the vectors are compared again. Fixed: a list must not depend on how deep it is asked for.
SHORTLIST: Final = 1024
#: Inverted lists that are read for a query.
VISITED: Final = 384
#: FAISS's name for inverted lists of 4-bit codes, and vectors of 8 bits a dimension.
_CODES: Final = "IVF1024,PQ{}x4fs,Refine(SQ8)"

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
        mapped: whether the index stays on disk; else it is read when it is opened. Short lists are spread all over it,
            and where a page costs .06 ms to map, as in some virtual machines, a query took 40 ms instead of 4.
    """

    parameters: dict[str, Any]
    most: float
    make: Callable[[int], faiss.Index]
    find: Callable[[faiss.Index, Vectors, int, Mask | None], Found]
    masks: bool
    mapped: bool


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
    lists = untyped.SearchParametersIVF(nprobe=VISITED)
    parameters = untyped.IndexRefineSearchParameters(k_factor=1, base_index_params=lists)
    scores, positions = index.search(vector[None], SHORTLIST, params=parameters)
    return scores[0][:limit], positions[0][:limit]


LAYOUTS: Final = (
    Layout({"flat": True}, 200_000, faiss.IndexFlatIP, _find_flat, masks=True, mapped=True),
    Layout({"codes": _CODES}, float("inf"), _make_codes, _find_codes, masks=False, mapped=False),
)
