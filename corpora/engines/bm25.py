"""BM25 (Robertson & Zaragoza 2009, Lucene's variant, k1 = 1.2, b = 0.75) in tantivy, memory-mapped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import tantivy

from berrypick.corpora.engines.base import Mask
from berrypick.corpora.engines.ranking import Rankings, check_request, indexed_text, query_terms
from berrypick.corpora.index_cache import damaged, index_folder
from berrypick.corpora.store import Corpus
from berrypick.records import Hit
from berrypick.text import tokens

VERSION: Final = 1

_TEXT: Final = "text"
_POSITION: Final = "position"
#: A budget, not an allocation; large enough that a million short documents stay in one segment.
_WRITER_BYTES: Final = 2_000_000_000


def open_bm25(corpus: Corpus) -> Bm25:
    """Open the BM25 index of a corpus, building it on first use.

    Raises:
        Damaged: the index folder is not what was built for this corpus; the message names it.
    """
    parameters = {"version": VERSION, "tantivy": version("tantivy")}
    folder = index_folder(corpus.path, corpus.manifest, "bm25", parameters, lambda draft: _build(corpus, draft))
    return Bm25(folder, len(corpus.documents))


class Bm25:
    """BM25 over title and text. Words are ``berrypick.text.tokens`` on both sides, so a query needs no syntax.

    Args:
        folder: the tantivy index: one segment whose documents are in the corpus's order.
        documents: number of documents in the corpus.
    """

    name = "bm25"

    def __init__(self, folder: Path, documents: int) -> None:
        try:
            index = tantivy.Index.open(str(folder))
            index.config_reader("manual")
            self._searcher = index.searcher()
            self._schema = index.schema
            _check(self._searcher, documents, folder)
        except ValueError as error:
            raise damaged(folder, f"tantivy cannot open the index ({error})") from error
        self._documents = documents
        self._rankings = Rankings(documents)

    def search(self, queries: Sequence[str], k: int, exclude: Mask | None = None) -> list[list[Hit]]:
        """Rank the corpus for each query; see ``Engine.search``."""
        check_request(k, exclude, self._documents)
        return [self._rankings.top(query, k, partial(self._fetch, query), exclude) for query in queries]

    def _fetch(self, query: str, limit: int) -> list[tuple[float, int]]:
        terms = query_terms(query)
        if not terms:
            return []
        # Built from terms: tantivy's query parser would read operators into what an agent writes.
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, _TEXT, term, "freq")) for term in terms
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
        return [(score, address.doc) for score, address in hits]


def _build(corpus: Corpus, folder: Path) -> None:
    schema = (
        tantivy.SchemaBuilder()
        .add_text_field(_TEXT, tokenizer_name="whitespace", index_option="freq")
        .add_integer_field(_POSITION, fast=True)
        .build()
    )
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
    for position, document in enumerate(corpus.documents):
        words = " ".join(tokens(indexed_text(document)))
        writer.add_document(tantivy.Document(**{_TEXT: words, _POSITION: position}))
    writer.commit()
    writer.wait_merging_threads()


def _check(searcher: tantivy.Searcher, documents: int, folder: Path) -> None:
    """Hits are read as positions, so the index must be one segment in the corpus's order."""
    if searcher.num_segments != 1 or searcher.num_docs != documents:
        raise damaged(
            folder, f"expected 1 segment of {documents} documents, found {searcher.num_segments} of {searcher.num_docs}"
        )
    spots = sorted({0, documents // 2, documents - 1})
    if searcher.fast_field_values(_POSITION, [tantivy.DocAddress(0, spot) for spot in spots]) != spots:
        raise damaged(folder, "its documents are not in the corpus's order")
