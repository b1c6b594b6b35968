"""Dense retrieval: inner products of unit vectors, in FAISS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final

import faiss
import numpy as np

from berrypick import seeding
from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.encoders import ENCODERS, Encoder, Vectors
from berrypick.corpora.engines.ranking import Rankings, check_request, indexed_text
from berrypick.corpora.engines.vectors import layout_for
from berrypick.corpora.index_cache import damaged, index_folder
from berrypick.corpora.store import Corpus
from berrypick.records import Hit

VERSION: Final = 1

#: Most documents that an encoder is fitted on and codes are trained on; of more, so many are drawn.
SAMPLE: Final = 100_000

_VECTORS: Final = "vectors.faiss"
_ENCODE_BATCH: Final = 4096


def open_dense(corpus: Corpus, encoder: str = "lsa") -> Dense:
    """Open the dense index of a corpus, building it on first use.

    Args:
        corpus: what is searched.
        encoder: ``lsa`` or ``hf:<name or path>``.

    Raises:
        UnknownName: no such encoder.
        MissingExtra: the encoder needs an extra that is not installed; the message names it.
        Damaged: the index folder is not what was built for this corpus; the message names it.
    """
    name, _, argument = encoder.partition(":")
    kind, layout = ENCODERS[name], layout_for(len(corpus.documents))
    parameters = {"version": VERSION, "encoder": kind.parameters(argument), **layout.parameters}
    if len(corpus.documents) > SAMPLE:
        parameters["sample"] = SAMPLE

    def fill(draft: Path) -> None:
        sample = _sample(corpus)
        kind.fit(sample, draft)
        _build(kind.open(draft, argument), layout.make, sample, corpus, draft)

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
        self._layout = layout_for(documents)
        # The plain memory-mapping flag covers inverted lists only; this one covers flat codes.
        flags = faiss.IO_FLAG_MMAP_IFC if self._layout.mapped else 0
        try:
            self._index = faiss.read_index(str(folder / _VECTORS), flags)
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
        inside = exclude if self._layout.masks else None
        masked = None if inside is None else hashlib.blake2b(inside.tobytes()).digest()

        @cache
        def vectors() -> dict[str, Vectors]:
            distinct = list(dict.fromkeys(queries))
            return dict(zip(distinct, self._encoder.encode(distinct), strict=True))

        def fetch(query: str, limit: int) -> list[tuple[float, int]]:
            return self._fetch(vectors()[query], limit, inside)

        left_out = None if self._layout.masks else exclude
        # A single vector gives further threads nothing to do but spin: 28 ms a query instead of 1 on a busy machine.
        with _one_thread():
            return [self._rankings.top(query, k, partial(fetch, query), left_out, masked) for query in queries]

    def _fetch(self, vector: Vectors, limit: int, inside: Mask | None) -> list[tuple[float, int]]:
        if not vector.any():
            return []
        scores, positions = self._layout.find(self._index, vector, limit, inside)
        pairs = zip(scores.tolist(), positions.tolist(), strict=True)
        return [(score, position) for score, position in pairs if position >= 0]


def _sample(corpus: Corpus) -> list[str]:
    count = len(corpus.documents)
    if count <= SAMPLE:
        return [indexed_text(document) for document in corpus.documents]
    drawn = np.sort(seeding.rng(0, "encoder", 1).choice(count, size=SAMPLE, replace=False)).tolist()
    return [indexed_text(corpus.documents[position]) for position in drawn]


def _build(
    encoder: Encoder, make: Callable[[int], faiss.Index], sample: Sequence[str], corpus: Corpus, folder: Path
) -> None:
    index = make(encoder.dimensions)
    # Threads change the order of sums: one gives the same bytes each time.
    with _one_thread():
        if not index.is_trained:
            index.train(encoder.encode(sample))
        for start in range(0, len(corpus.documents), _ENCODE_BATCH):
            batch = corpus.documents[start : start + _ENCODE_BATCH]
            index.add(encoder.encode([indexed_text(document) for document in batch]))
    faiss.write_index(index, str(folder / _VECTORS))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
