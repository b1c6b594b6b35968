"""Dense retrieval: inner products of unit vectors, in FAISS, memory-mapped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np

from berrypick.corpora.encoders import ENCODERS, Encoder, Vectors
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.ranking import Rankings, check_request, indexed_text
from berrypick.corpora.persisted import damaged, index_folder
from berrypick.corpora.store import Corpus
from berrypick.records import Hit

VERSION: Final = 1

#: Up to here every vector is compared (exact); above, a graph is walked (Malkov & Yashunin 2018, approximate).
FLAT_LIMIT: Final = 200_000

_VECTORS: Final = "vectors.faiss"
_ENCODE_BATCH: Final = 4096
_HNSW_NEIGHBOURS: Final = 32
_HNSW_SEARCH: Final = 128


def open_dense(corpus: Corpus, encoder: str = "lsa") -> Dense:
    """Open the dense index of a corpus, building it on first use.

    Args:
        corpus: what is searched.
        encoder: ``lsa`` or ``hf:<name or path>``.

    Raises:
        UnknownName: no such encoder.
        ImportError: the encoder needs an extra that is not installed; the message names it.
        Damaged: the index folder is not what was built for this corpus; the message names it.
    """
    name, _, argument = encoder.partition(":")
    kind = ENCODERS[name]
    parameters = {"version": VERSION, "flat": len(corpus.documents) <= FLAT_LIMIT, "encoder": kind.parameters(argument)}

    def fill(draft: Path) -> None:
        texts = [indexed_text(document) for document in corpus.documents]
        kind.fit(texts, draft)
        _build(kind.open(draft, argument), texts, draft)

    folder = index_folder(corpus.path, corpus.manifest, "dense", parameters, fill)
    return Dense(folder, kind.open(folder, argument), len(corpus.documents))


class Dense:
    """Cosine of query and document vectors; documents at a right angle or beyond are not returned.

    Args:
        folder: where the FAISS index lies.
        encoder: the encoder that made it.
        documents: number of documents in the corpus.
    """

    name = "dense"

    def __init__(self, folder: Path, encoder: Encoder, documents: int) -> None:
        try:
            # The plain memory-mapping flag covers inverted lists only; this one covers flat codes and graphs.
            self._index = faiss.read_index(str(folder / _VECTORS), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise damaged(folder, f"FAISS cannot open the index ({error})") from error
        if (self._index.ntotal, self._index.d) != (documents, encoder.dimensions):
            raise damaged(folder, f"expected {documents} vectors of {encoder.dimensions}, found another shape")
        self._encoder = encoder
        self._documents = documents
        self._rankings = Rankings(documents)

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank the corpus for each query; see ``Engine.search``."""
        check_request(k, exclude, self._documents)
        masked = None if exclude is None else hashlib.blake2b(exclude.tobytes()).digest()
        parameters = _search_parameters(self._index, exclude)

        @cache
        def vectors() -> dict[str, Vectors]:
            distinct = list(dict.fromkeys(queries))
            return dict(zip(distinct, self._encoder.encode(distinct), strict=True))

        def fetch(query: str, limit: int) -> list[tuple[float, int]]:
            return self._fetch(vectors()[query], limit, parameters)

        # A single vector gives further threads nothing to do but spin: 28 ms a query instead of 1 on a busy machine.
        with _one_thread():
            return [self._rankings.top(query, k, partial(fetch, query), variant=masked) for query in queries]

    def _fetch(self, vector: Vectors, limit: int, parameters: Any) -> list[tuple[float, int]]:
        if not vector.any():
            return []
        if isinstance(self._index, faiss.IndexHNSW):
            parameters.efSearch = max(_HNSW_SEARCH, limit)
        # One vector at a time: FAISS sums batches of 20 and more in another order.
        scores, positions = self._index.search(vector[None], limit, params=parameters)
        pairs = zip(scores[0].tolist(), positions[0].tolist(), strict=True)
        return [(score, position) for score, position in pairs if position >= 0]


def _search_parameters(index: faiss.Index, exclude: Mask | None) -> Any:
    untyped: Any = faiss  # its stubs know neither keyword parameters nor NumPy bitmaps
    graph = isinstance(index, faiss.IndexHNSW)
    parameters = untyped.SearchParametersHNSW() if graph else untyped.SearchParameters()
    if exclude is not None:
        parameters.sel = untyped.IDSelectorBitmap(np.packbits(~exclude, bitorder="little"))
    return parameters


def _build(encoder: Encoder, texts: Sequence[str], folder: Path) -> None:
    index: faiss.Index
    if len(texts) <= FLAT_LIMIT:
        index = faiss.IndexFlatIP(encoder.dimensions)
    else:
        index = faiss.IndexHNSWFlat(encoder.dimensions, _HNSW_NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    # Threads race for a graph's edges: one gives the same graph each time.
    with _one_thread():
        for start in range(0, len(texts), _ENCODE_BATCH):
            index.add(encoder.encode(texts[start : start + _ENCODE_BATCH]))
    faiss.write_index(index, str(folder / _VECTORS))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
