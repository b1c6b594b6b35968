"""BM25 by other means: the same words, the same k1 and b, nothing around it. Query in, numbers and scores out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from berrypick.corpora.engines import open_engine
from berrypick.corpora.engines.ranking import indexed_text
from berrypick.corpora.store import Corpus
from berrypick.text import tokens

Search: TypeAlias = Callable[[str], Any]


def ours(corpus: Corpus, k: int) -> Search:
    """The ``bm25`` engine; one of its own, so that nobody finds what another one remembered."""
    engine = open_engine("bm25", corpus)
    return lambda query: engine.search([query], k)


def bare_tantivy(corpus: Corpus, k: int) -> Search:
    """The index of the ``bm25`` engine, asked without it."""
    import tantivy

    (folder,) = (corpus.path / "index").glob("bm25-*")
    index = tantivy.Index.open(str(folder))
    schema, searcher = index.schema, index.searcher()

    def search(query: str) -> object:
        terms = [tantivy.Query.term_query(schema, "text", word, "freq") for word in query.split()]
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        return [(score, address.doc) for score, address in searcher.search(wanted, k, count=False).hits]

    return search


def bm25s_numba(corpus: Corpus, k: int) -> Search:
    """bm25s (arXiv 2407.03618) with its fastest backend, compiled before it is timed; one thread, as for the others."""
    import bm25s

    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
    retriever.index(_words(corpus), show_progress=False)

    def search(query: str) -> object:
        return retriever.retrieve([query.split()], k=k, show_progress=False)

    search("w0 w1")
    return search


def rank_bm25(corpus: Corpus, k: int) -> Search:
    """rank-bm25 as its README has it."""
    from rank_bm25 import BM25Okapi

    okapi = BM25Okapi(_words(corpus), k1=1.2, b=0.75)
    positions = range(len(corpus.documents))
    return lambda query: okapi.get_top_n(query.split(), positions, n=k)


def _words(corpus: Corpus) -> list[list[str]]:
    return [tokens(indexed_text(document)) for document in corpus.documents]


#: way -> open(corpus, k). The first builds the index that the second opens.
WAYS: Final[dict[str, Callable[[Corpus, int], Search]]] = {
    "bm25": ours,
    "tantivy": bare_tantivy,
    "bm25s (numba)": bm25s_numba,
    "rank-bm25": rank_bm25,
}
